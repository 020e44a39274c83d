import type { Methods } from "../../protocol/protocol";

/** Makes a change and shows what came of it; gives what is wrong with it, or nothing. */
export type Change = (params: Methods["settings"]["params"]) => Promise<string>;
