/** What the extension's pages ask about names and opened keys, each question with its answer. */

import type { RpcError } from "../protocol/protocol";
import type { Resembled } from "./look-alike";
import type { Imported, Named, Side } from "./names";
import type { OpenedKey } from "./opened";

type Failure = { failed: RpcError };
type Nothing = Record<never, never>;

export interface NameAsks {
  /** What is known of a key here: its name, how often it was opened, and which key it may be taken for. */
  known: {
    ask: { key: string };
    answer: { name: string | null; opened: OpenedKey | null; resembles: Resembled | null };
  };
  /** Everything known; `keeps`: whether opened keys are kept. */
  names: { ask: Nothing; answer: { names: Named[]; opened: OpenedKey[]; keeps: boolean } };
  nameKey: { ask: { key: string; name: string }; answer: { name: string } | Failure };
  forgetName: { ask: { key: string }; answer: Nothing | Failure };
  /** Takes in a file's text. With collisions and nothing said about them, nothing is changed. */
  importNames: { ask: { text: string; keep: Side | null }; answer: { imported: Imported } | Failure };
  /** Forgets all names. */
  forgetNames: { ask: Nothing; answer: Nothing | Failure };
  exportNames: { ask: Nothing; answer: { text: string } };
  /** Whether opened keys are to be kept from now on. */
  keepOpened: { ask: { on: boolean }; answer: Nothing };
  /** Takes in keys that were opened elsewhere, in addition to those that are known. */
  importOpened: { ask: { opened: OpenedKey[] }; answer: Nothing | Failure };
  /** Forgets that this key was opened, or all of them. */
  forgetOpened: { ask: { key?: string }; answer: Nothing | Failure };
}

export type AskedOfNames = { [Q in keyof NameAsks]: { question: Q } & NameAsks[Q]["ask"] }[keyof NameAsks];
