/** From zone text to words: comments, quotes, escapes, and lines joined by parentheses (RFC 1035, section 5.1). */

import { joined } from "./packet.js";

/** A mistake in zone text. */
export class ZoneError extends Error {
  /**
   * @param {number} line from 1
   * @param {number} column from 1
   * @param {string} what
   */
  constructor(line, column, what) {
    super(`Line ${line}, column ${column}: ${what}`);
    this.line = line;
    this.column = column;
  }
}

/**
 * A word of the text, its escapes not yet read.
 * @typedef {{ text: string, quoted: boolean, line: number, column: number }} Word
 */

/**
 * @param {Word} word
 * @param {string} what
 */
export function mistake(word, what) {
  return new ZoneError(word.line, word.column, what);
}

/**
 * @param {Word} word
 * @param {string} expected
 */
export function unlike(word, expected) {
  return mistake(word, `“${word.text}” is not ${expected}.`);
}

/**
 * The words of each record or directive; one that begins with a space repeats the name before.
 * @param {string} text
 * @returns {{ indented: boolean, words: Word[] }[]}
 */
export function entries(text) {
  const all = [];
  /** @type {Word[]} */
  let words = [];
  let indented = false;
  let fresh = true;
  let open = 0;
  /** @type {Word | null} */
  let opened = null;
  const scanner = new Scanner(text);
  for (let next = scanner.peek(); next !== undefined; next = scanner.peek()) {
    const here = { text: next, quoted: false, line: scanner.line, column: scanner.column };
    if (next === "\n" && !opened) {
      scanner.take();
      if (words.length > 0) all.push({ indented, words });
      words = [];
      fresh = true;
      continue;
    }
    if (/\s/.test(next)) {
      scanner.take();
      if (fresh) indented = true;
    } else if (next === ";") {
      while (scanner.peek() !== undefined && scanner.peek() !== "\n") scanner.take();
    } else if (next === "(") {
      scanner.take();
      open += 1;
      opened ??= here;
    } else if (next === ")") {
      scanner.take();
      if (open === 0) throw mistake(here, "there is no ( to this ).");
      open = 0;
      opened = null;
    } else {
      if (fresh) indented = false;
      words.push(scanner.word());
    }
    fresh = false;
  }
  if (opened) throw mistake(opened, "( is not closed.");
  if (words.length > 0) all.push({ indented, words });
  return all;
}

class Scanner {
  /** @param {string} text */
  constructor(text) {
    this.characters = [...text];
    this.at = 0;
    this.line = 1;
    this.column = 1;
  }

  peek() {
    return this.characters[this.at];
  }

  take() {
    const next = this.characters[this.at] ?? "";
    this.at += 1;
    if (next === "\n") {
      this.line += 1;
      this.column = 1;
    } else {
      this.column += 1;
    }
    return next;
  }

  /**
   * Quotes may begin inside a word: `alpn="h2"`.
   * @returns {Word}
   */
  word() {
    const word = { text: "", quoted: this.peek() === '"', line: this.line, column: this.column };
    /** @type {Word | null} */
    let within = null;
    for (let next = this.peek(); next !== undefined && next !== "\n"; next = this.peek()) {
      if (!within && /[\s;()]/.test(next)) break;
      const place = { text: next, quoted: false, line: this.line, column: this.column };
      this.take();
      if (next === '"' && within) {
        within = null;
        // Two quoted words may touch.
        if (word.quoted) break;
      } else if (next === '"') {
        within = place;
      } else if (next === "\\") {
        if (this.peek() === undefined || this.peek() === "\n") throw mistake(word, BAD_ESCAPE);
        word.text += `\\${this.take()}`;
      } else {
        word.text += next;
      }
    }
    if (within) throw mistake(within, '" is not closed.');
    return word;
  }
}

const BAD_ESCAPE = "a \\ must be followed by a character or by three digits up to 255.";

/**
 * The bytes of a word with its escapes read.
 * @param {Word} word
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(word) {
  /** @type {Uint8Array[]} */
  const parts = [];
  const pieces = word.text.matchAll(/\\(\d{3})|\\([^\d])|\\|[^\\]+/gsu);
  for (const [piece, digits, character] of pieces) {
    if (digits !== undefined && Number(digits) <= 255) parts.push(Uint8Array.of(Number(digits)));
    else if (character !== undefined) parts.push(new TextEncoder().encode(character));
    else if (piece.startsWith("\\")) throw mistake(word, BAD_ESCAPE);
    else parts.push(new TextEncoder().encode(piece));
  }
  return joined(...parts);
}

/** The words of an entry, taken one by one. */
export class Words {
  /** @param {Word[]} words */
  constructor(words) {
    this.rest = [...words];
    this.last = { line: 1, column: 1 };
  }

  peek() {
    return this.rest[0];
  }

  /** @param {string} what */
  next(what) {
    const word = this.rest.shift();
    if (!word) throw new ZoneError(this.last.line, this.last.column, `${what} is missing.`);
    this.last = { line: word.line, column: word.column + [...word.text].length };
    return word;
  }

  finish() {
    const word = this.rest[0];
    if (word) throw mistake(word, `“${word.text}” is too much here.`);
  }
}
