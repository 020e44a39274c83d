/** Descriptions in the form a browser wants: Chromium takes XML, Firefox plain text. */

import { plainText } from "../pages/plain-text";
import type { Piece } from "./suggestions";

export function asXml(pieces: readonly Piece[]): string {
  return pieces.map(({ text, as }) => (as ? `<${as}>${escaped(text)}</${as}>` : escaped(text))).join("");
}

export function asText(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => plainText(text)).join("");
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

function escaped(text: string): string {
  return plainText(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
