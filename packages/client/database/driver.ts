/** The package that speaks to a database, loaded when it is first needed: nobody installs those of databases that are not theirs. */
import { DatabaseRefused } from "./source.ts";

export async function loadDriver<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new DatabaseRefused(
      "DRIVER_MISSING",
      `The package ${name} is needed to follow this database: npm install ${name}`,
      {
        cause,
      },
    );
  }
}
