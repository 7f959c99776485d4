/** The SQL behind profiles. The rank makes loading one costly: it adds up the orders of everybody in the country. */

/**
 * @typedef {object} Profile
 * @property {number} id
 * @property {string} name
 * @property {string} email
 * @property {string} country
 * @property {number} orders
 * @property {number} spentCents
 * @property {string | null} favouriteCategory
 * @property {number} rankInCountry  1 for who spent the most
 */

const profileQuery = `
  WITH person AS (
    SELECT id, name, email, country FROM users WHERE id = $1
  ),
  spending AS (
    SELECT users.id, count(*) AS orders, sum(orders.cents) AS cents
    FROM users JOIN orders ON orders.user_id = users.id
    WHERE users.country = (SELECT country FROM person)
    GROUP BY users.id
  )
  SELECT
    person.id,
    person.name,
    person.email,
    person.country,
    coalesce(own.orders, 0)::int AS "orders",
    coalesce(own.cents, 0)::float8 AS "spentCents",
    (SELECT category FROM orders WHERE user_id = person.id
     GROUP BY category ORDER BY count(*) DESC, category LIMIT 1) AS "favouriteCategory",
    (SELECT count(*) + 1 FROM spending WHERE spending.cents > coalesce(own.cents, 0))::int AS "rankInCountry"
  FROM person LEFT JOIN spending AS own ON own.id = person.id`;

/**
 * @param {import("pg").Pool} database
 * @param {number} id
 * @returns {Promise<Profile | null>}
 */
export async function loadProfile(database, id) {
  const { rows } = await database.query(profileQuery, [id]);
  return rows[0] ?? null;
}

/**
 * @param {import("pg").Pool} database
 * @param {number} id
 * @param {{ name: string, email: string }} user
 * @returns {Promise<boolean>} whether there is such a user
 */
export async function updateUser(database, id, { name, email }) {
  const { rowCount } = await database.query("UPDATE users SET name = $2, email = $3 WHERE id = $1", [id, name, email]);
  return rowCount === 1;
}
