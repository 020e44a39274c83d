/** How messages about a problem are called: for `no-record` they begin with `noRecord`. */
export function problemName(code: string): string {
  return code.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
