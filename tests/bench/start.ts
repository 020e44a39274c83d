/**
 * What it costs a browser to have the program as its native messaging host.
 *
 * Time goes from the start of the process, by the call a browser makes, to the last byte of the answer to `hello`; the
 * caches of the machine are warm, and the host's own cache has keys in it. A program that does nothing is started in
 * turn with it, so that what starting anything costs on this machine is told apart. Memory is what the host has after
 * a while in which nothing was asked, as the kernel counts it: RSS all of its pages, PSS its share of those it has in
 * common with others, and what is its own.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { identity } from "../harness/paths.ts";

const USAGE = `Usage: tests/bench/start [--rounds N] [--idle SECONDS] [--program FILE] [--crates] [--json]

  --rounds N       how often the host is started (40)
  --idle SECONDS   how long it is left alone before its memory is looked at (5)
  --program FILE   measures this one instead of building what packages carry
  --crates         which libraries the bytes of code are of, too; needs cargo-bloat, and builds once more
  --json           the figures as JSON

Goals: hello within 30 ms, 15 MB of memory (RSS), a program of 9 MB.
`;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "40" },
    idle: { type: "string", default: "5" },
    program: { type: "string" },
    crates: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const program = values.program;
if (!program) {
  process.stderr.write(USAGE);
  process.exit(2);
}

/** As disks and downloads are counted. */
const MEGA = 1_000_000;
const HELLO = message({ jsonrpc: "2.0", id: 1, method: "hello", params: { version: "1.0.0", protocol: 1 } });

/** Chromium gives its hosts the origin of the extension. */
const ARGUMENTS = [`chrome-extension://${identity.chromium.id}/`];

const data = mkdtempSync(join(tmpdir(), "pkarr-start-"));
const env = {
  ...process.env,
  HOME: data,
  PKARR_DATA_DIR: join(data, "data"),
  PKARR_CONFIG: "/dev/null",
  // A network in which nobody answers: what is measured must not depend on one.
  PKARR_BOOTSTRAP: "127.0.0.1:9",
};
mkdirSync(env.PKARR_DATA_DIR);

interface Start {
  /** Milliseconds from the start of the process to its first line in the log, to the hello, and to the answer. */
  logging: number;
  greeted: number;
  answered: number;
}

try {
  await main(program);
} finally {
  rmSync(data, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

async function main(program: string): Promise<void> {
  const rounds = Number(values.rounds);
  // Once for the caches, and for the files that are made the first time.
  await start(program);
  const starts: Start[] = [];
  const nothing: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    starts.push(await start(program));
    nothing.push(await startOfNothing());
  }
  const memory = await idleMemory(program, Number(values.idle) * 1000);
  const size = statSync(program).size;
  const parts = sections(program);

  if (values.json) {
    const told = { rounds, starts, nothing, memory, size, sections: parts };
    process.stdout.write(`${JSON.stringify(told)}\n`);
    return;
  }
  const { answered, greeted, logging } = {
    answered: starts.map((one) => one.answered),
    greeted: starts.map((one) => one.greeted),
    logging: starts.map((one) => one.logging),
  };
  say(`From the start of the process to the answer to hello, ${rounds} times:`);
  say(
    `  median ${ms(median(answered))}   fastest ${ms(Math.min(...answered))}   slowest ${ms(Math.max(...answered))}`,
  );
  say(verdict(median(answered), 30, "ms"));
  say(`  of these  ${ms(median(logging))}  until it writes its first line: loading, settings, log file`);
  say(
    `            ${ms(median(greeted) - median(logging))}  until hello is read: cache, DHT, relays, session`,
  );
  say(`            ${ms(median(answered) - median(greeted))}  until the answer is read here`);
  say(`  a program that does nothing takes ${ms(median(nothing))} from start to end on this machine`);
  say();
  say(`Memory after ${values.idle} s without a question:`);
  say(`  RSS ${mb(memory.rss)}   PSS ${mb(memory.pss)}   its own ${mb(memory.own)}`);
  say(verdict(memory.rss / MEGA, 15, "MB"));
  for (const [what, bytes] of memory.mappings) say(`  ${mb(bytes).padStart(9)}  ${what}`);
  say();
  say(`Size of ${program}:`);
  say(`  ${mb(size)}`);
  say(verdict(size / MEGA, 9, "MB"));
  for (const [what, bytes] of parts) say(`  ${mb(bytes).padStart(9)}  ${what}`);
  if (values.crates) say(`\n${crates()}`);
}

/** Starts the host as a browser does, greets it, and ends it as a browser does. */
async function start(program: string): Promise<Start> {
  const log = join(env.PKARR_DATA_DIR, "logs");
  rmSync(log, { recursive: true, force: true });
  const wall = Date.now();
  const began = performance.now();
  const host = spawn(program, ARGUMENTS, { env, stdio: "pipe" });
  host.stdin.write(HELLO);
  await answer(host);
  const answered = performance.now() - began;
  await ended(host);
  const lines = logLines(log);
  const since = (words: string) => {
    const line = lines.find((one) => one.includes(words));
    if (!line) throw new Error(`the host's log has no line "${words}":\n${lines.join("\n")}`);
    return Date.parse(line.slice(0, 27)) - wall;
  };
  return { logging: since("native messaging host starts"), greeted: since(" hello "), answered };
}

async function startOfNothing(): Promise<number> {
  const began = performance.now();
  const child = spawn("/bin/true", { stdio: "pipe" });
  await new Promise((resolve) => child.once("exit", resolve));
  return performance.now() - began;
}

async function idleMemory(program: string, wait: number) {
  const host = spawn(program, ARGUMENTS, { env, stdio: "pipe" });
  host.stdin.write(HELLO);
  await answer(host);
  await sleep(wait);
  const rollup = readFileSync(`/proc/${host.pid}/smaps_rollup`, "utf8");
  const kib = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(rollup)?.[1]) * 1024;
  const told = {
    rss: kib("Rss"),
    pss: kib("Pss"),
    own: kib("Private_Clean") + kib("Private_Dirty"),
    mappings: mappings(readFileSync(`/proc/${host.pid}/smaps`, "utf8")),
  };
  await ended(host);
  return told;
}

/** What the pages in memory are of, the largest first. */
function mappings(smaps: string): [string, number][] {
  const sums = new Map<string, number>();
  let what = "";
  for (const line of smaps.split("\n")) {
    const header = /^[0-9a-f]+-[0-9a-f]+ (\S+) \S+ \S+ \d+ *(.*)$/.exec(line);
    if (header) {
      const [, rights = "", path = ""] = header;
      const name = path.split("/").at(-1);
      if (name === "pkarr") what = rights.includes("x") ? "code of the program" : "data of the program";
      else if (path.startsWith("/")) what = name?.includes(".so") ? "system libraries" : `file ${name}`;
      else what = path === "[heap]" || path === "" ? "heap and stacks" : "kernel's own";
    }
    const rss = /^Rss: +(\d+) kB/.exec(line);
    if (rss) sums.set(what, (sums.get(what) ?? 0) + Number(rss[1]) * 1024);
  }
  return [...sums].filter(([, bytes]) => bytes > 0).sort(([, a], [, b]) => b - a);
}

/** The largest sections of the program. */
function sections(program: string): [string, number][] {
  const meaning: Record<string, string> = {
    ".text": "code",
    ".rodata": "constants: words, tables, the web app",
    ".eh_frame": "how to unwind the stack",
    ".eh_frame_hdr": "an index of that",
    ".gcc_except_table": "what to do while unwinding",
    ".data.rel.ro": "constants with addresses in them",
    ".rela.dyn": "which addresses the loader has to set",
  };
  const { stdout } = spawnSync("readelf", ["--section-headers", "--wide", program], { encoding: "utf8" });
  return [...stdout.matchAll(/^ +\[ *\d+\] (\.\S+) +\S+ +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+)/gm)]
    .map(([, name = "", size = ""]): [string, number] => [
      `${name.padEnd(18)}${meaning[name] ?? ""}`.trimEnd(),
      Number.parseInt(size, 16),
    ])
    .filter(([, bytes]) => bytes >= 50_000)
    .sort(([, a], [, b]) => b - a);
}

function crates(): string {
  const bloat = ["bloat", "--profile", "dist", "--bin", "pkarr", "--crates", "-n", "25"];
  const { status, stdout, stderr } = spawnSync("cargo", bloat, {
    encoding: "utf8",
    env: { ...process.env, CARGO_PROFILE_DIST_STRIP: "none" },
  });
  return status === 0 ? stdout : `cargo-bloat did not tell: cargo install cargo-bloat\n${stderr}`;
}

/** A message in the frame of native messaging: its length in the machine's own byte order, and JSON. */
function message(value: object): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text]);
}

/** The first whole message that the host writes. */
async function answer(host: ChildProcessWithoutNullStreams): Promise<void> {
  let read = Buffer.alloc(0);
  let complaint = "";
  host.stderr.on("data", (text) => (complaint += text));
  await new Promise<void>((resolve, reject) => {
    host.once("error", reject);
    host.once("exit", (status) => reject(new Error(`the host ended with ${status}: ${complaint}`)));
    host.stdout.on("data", (bytes: Buffer) => {
      read = Buffer.concat([read, bytes]);
      if (read.length >= 4 && read.length >= 4 + read.readUInt32LE()) resolve();
    });
  });
  const { result } = JSON.parse(read.subarray(4, 4 + read.readUInt32LE()).toString());
  if (!result?.protocol) throw new Error(`this is no hello: ${read.subarray(4)}`);
}

async function ended(host: ChildProcessWithoutNullStreams): Promise<void> {
  const gone = new Promise((resolve) => host.once("exit", resolve));
  host.stdin.end();
  await gone;
}

function logLines(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"));
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function verdict(value: number, goal: number, unit: string): string {
  return `  ${value <= goal ? "within" : "OVER"} the goal of ${goal} ${unit}`;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function mb(bytes: number): string {
  return `${(bytes / MEGA).toFixed(2)} MB`;
}

function say(line = ""): void {
  console.log(line);
}
