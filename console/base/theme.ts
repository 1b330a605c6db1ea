/** Dark or light, by the system or by the person's choice. The choice lives as long as the tab. */

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

let theme: Theme = "system";

export const currentTheme = (): Theme => theme;

export function chooseTheme(next: string): void {
  theme = THEMES.find((known) => known === next) ?? "system";
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
