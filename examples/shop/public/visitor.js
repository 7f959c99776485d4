// What pages that are the same for everybody cannot have: the visitor's name, the number of pairs in the cart, and the token of forms.
const response = await fetch("/visitor", { headers: { accept: "application/json" } });
if (response.ok) {
  const { name, pairs, token } = await response.json();
  const account = document.getElementById("account");
  const count = document.getElementById("cart-count");
  if (name) account.textContent = name;
  if (name) account.setAttribute("href", "/account");
  count.textContent = String(pairs);
  count.hidden = pairs === 0;
  for (const field of document.querySelectorAll('input[name="token"]')) field.value = token;
}
