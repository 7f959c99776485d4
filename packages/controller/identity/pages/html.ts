/** HTML as text, in which everything from outside is escaped. */
export interface Html {
  readonly html: string;
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Values are escaped, unless they are `Html` themselves; undefined is nothing. */
export function html(parts: TemplateStringsArray, ...values: (string | number | Html | undefined)[]): Html {
  const text = parts.map((part, index) => {
    const value = values[index];
    if (value === undefined) return part;
    return part + (typeof value === "object" ? value.html : escapeHtml(String(value)));
  });
  return { html: text.join("") };
}
