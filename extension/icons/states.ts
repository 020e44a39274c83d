/**
 * The toolbar's pictures: the key of icon.svg in fewer and thicker lines, and what is known of the tab's key told by
 * a mark and by the ground. Told apart by shape alone too: nothing, a tick, a clock, a cross, two bars.
 *
 * 32 units wide, all edges on whole units or halves, so that it is sharp at 16 and 32 pixels.
 */

export const STATES = ["idle", "verified", "stale", "problem", "paused"] as const;

interface Look {
  ground: string;
  /** The key's own colour. */
  key: string;
  /** What is drawn on the mark's disc, in its colour. */
  disc: string;
  ink: string;
  mark: string;
}

const KEY = `<circle cx="12" cy="12" r="5.5"/>` + `<path d="M16 16L26 26M21 21L24 18"/>`;

const LOOKS: Record<(typeof STATES)[number], Look | null> = {
  idle: null,
  verified: {
    ground: "#0b6e58",
    key: "#fff",
    disc: "#8ff0d2",
    ink: "#06382e",
    mark: `<path d="M18.5 23.5L22 27L27.5 19.5"/>`,
  },
  stale: {
    ground: "#8a5a00",
    key: "#fff",
    disc: "#ffe2a0",
    ink: "#4a2f00",
    mark: `<path d="M23 18.5V23.5H27"/>`,
  },
  problem: {
    ground: "#a3341f",
    key: "#fff",
    disc: "#ffd9cf",
    ink: "#7a1d0c",
    mark: `<path d="M19.5 19.5L26.5 26.5M26.5 19.5L19.5 26.5"/>`,
  },
  paused: {
    ground: "#5a6660",
    key: "#dfe6e3",
    disc: "#fff",
    ink: "#2c3532",
    mark: `<path d="M21 19.5V26.5M25 19.5V26.5"/>`,
  },
};

export function stateMarkup(state: (typeof STATES)[number]): string {
  const look = LOOKS[state];
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">`;
  const lines = `fill="none" stroke-linecap="round" stroke-linejoin="round"`;
  const tile = `<rect width="32" height="32" rx="8" fill="${look?.ground ?? "#12866d"}"/>`;
  if (!look) {
    return `${open}${tile}<g transform="translate(-2.4 -2.4) scale(1.15)" ${lines} stroke="#fff" stroke-width="3.5">${KEY}</g></svg>`;
  }
  return (
    `${open}${tile}<g transform="translate(-2 -2)" ${lines} stroke="${look.key}" stroke-width="3.5">${KEY}</g>` +
    `<circle cx="23" cy="23" r="10" fill="${look.ground}"/><circle cx="23" cy="23" r="8.5" fill="${look.disc}"/>` +
    `<g ${lines} stroke="${look.ink}" stroke-width="3">${look.mark}</g></svg>`
  );
}
