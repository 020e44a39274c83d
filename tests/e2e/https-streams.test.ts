/**
 * What is long or open over `https://<key>/`: bodies of any size, parts of files, events, and lines that stay open, each
 * passed on as it comes.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { test } from "node:test";
import { nativeHosts } from "../harness/pkarr.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { type Answer, content, page, type Routes } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

const MIB = 1024 * 1024;
const UPLOAD = 100 * MIB;
const DOWNLOAD = 256 * MIB;
/** How much the native host may grow while something passes through it. */
const GROWTH = 32 * MIB;

/** Counts what is posted, and says its hash. */
const count: Answer = async (request, response) => {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    hash.update(chunk);
  }
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ bytes, hash: hash.digest("hex") }));
};

/** Much, as fast as it is taken. */
const download: Answer = (_request, response) => {
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": DOWNLOAD });
  Readable.from(Array(DOWNLOAD / MIB).fill(Buffer.alloc(MIB, "x"))).pipe(response);
};

/** How many samples of the recording a second has, and how many seconds it has: more than browsers read ahead. */
const RATE = 8000;
const DURATION = 2 * 60 * 60;
const recording = wav(RATE, DURATION);
const VERSION = '"first"';

/** The recording, whole or in part (RFC 9110, section 14). */
const parts: Answer = (request, response) => {
  const { range = "", "if-range": version = VERSION } = request.headers;
  const [, from, to] = version === VERSION ? (range.match(/^bytes=(\d+)-(\d*)$/) ?? []) : [];
  const headers = { "content-type": "audio/wav", "accept-ranges": "bytes", etag: VERSION };
  if (from === undefined) {
    response.writeHead(200, { ...headers, "content-length": recording.length }).end(recording);
    return;
  }
  const first = Number(from);
  const last = to ? Math.min(Number(to), recording.length - 1) : recording.length - 1;
  response.writeHead(206, {
    ...headers,
    "content-range": `bytes ${first}-${last}/${recording.length}`,
    "content-length": last - first + 1,
  });
  response.end(recording.subarray(first, last + 1));
};

async function prepare(world: World) {
  const open: ServerResponse[] = [];
  const routes: Routes = {
    "/": page("Streams"),
    "/count": count,
    "/download": download,
    "/recording.wav": parts,
    "/events": (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      open.push(response);
    },
    "/data": content("text/plain", "data"),
  };
  return { alice: await world.secureSite(routes), open };
}

inEachBrowser(
  "https:// for what is long",
  {
    prepare,
    launch: (world) => ({ env: world.hostEnv(), https: true }),
    ready: ({ alice }) => alice.url(),
  },
  (stage) => {
    test("posts a hundred megabytes", async () => {
      const { browser, alice } = stage();
      const { page: tab } = await browser.open(alice.url());
      const answer = await tab.evaluate(
        async (size, block) => {
          const pattern = Uint8Array.from({ length: block }, (_, index) => index % 251);
          const body = new Blob(Array(size / block).fill(pattern));
          return await (await fetch("/count", { method: "POST", body })).json();
        },
        UPLOAD,
        MIB,
      );
      const pattern = Uint8Array.from({ length: MIB }, (_, index) => index % 251);
      const hash = createHash("sha256");
      for (let hashed = 0; hashed < UPLOAD; hashed += MIB) hash.update(pattern);
      assert.deepEqual(answer, { bytes: UPLOAD, hash: hash.digest("hex") });
    });

    test("takes in any amount, and keeps none of it", async () => {
      const { browser, alice } = stage();
      const { page: tab } = await browser.open(alice.url());
      const [host = 0] = nativeHosts();
      const before = memory(host, "VmRSS");
      const bytes = await tab.evaluate(async () => {
        const body = (await fetch("/download")).body?.getReader();
        let taken = 0;
        for (let part = await body?.read(); part && !part.done; part = await body?.read()) {
          taken += part.value.length;
        }
        return taken;
      });
      assert.equal(bytes, DOWNLOAD);
      const grown = memory(host, "VmHWM") - before;
      assert.ok(grown < GROWTH, `the host grew by ${Math.round(grown / MIB)} MiB`);
    });

    test("gives parts of files", async () => {
      const { browser, alice } = stage();
      const { page: tab } = await browser.open(alice.url());
      const part = (range: string, version: string) =>
        tab.evaluate(
          async (headers) => {
            const response = await fetch("/recording.wav", { headers, cache: "no-store" });
            const { status, headers: got } = response;
            const start = await response.body?.getReader().read();
            const bytes = [...(start?.value ?? [])].slice(0, 8);
            return { status, bytes, range: got.get("content-range"), length: got.get("content-length") };
          },
          { range, "if-range": version },
        );
      const size = recording.length;
      for (const [first, last] of [
        [0, 7],
        [40, 99],
        [size - 8, size - 1],
      ] as const) {
        assert.deepEqual(await part(`bytes=${first}-${last}`, VERSION), {
          status: 206,
          bytes: [...recording.subarray(first, Math.min(last + 1, first + 8))],
          range: `bytes ${first}-${last}/${size}`,
          length: String(last - first + 1),
        });
      }
      const whole = await part("bytes=40-99", '"another"');
      assert.equal(whole.status, 200);
      assert.equal(whole.length, String(size));
    });

    test("seeks in a recording", async () => {
      const { browser, alice } = stage();
      const { page: tab } = await browser.open(alice.url());
      const heard = await tab.evaluate(async () => {
        const audio = new Audio("/recording.wav");
        const happens = (event: string) =>
          new Promise((resolve, reject) => {
            audio.addEventListener(event, resolve, { once: true });
            audio.addEventListener("error", () => reject(new Error(audio.error?.message)), { once: true });
          });
        audio.preload = "metadata";
        await happens("loadedmetadata");
        const { duration } = audio;
        audio.currentTime = duration - 100;
        await happens("seeked");
        return { duration, at: audio.currentTime };
      });
      assert.deepEqual(heard, { duration: DURATION, at: DURATION - 100 });
      const ranges = alice.site.visits
        .filter(({ path }) => path === "/recording.wav")
        .map(({ headers }) => Number(headers.range?.match(/^bytes=(\d+)-\d*$/)?.[1] ?? 0));
      // Browsers read in blocks, so they may begin a little ahead.
      const late = ranges.some((first) => first > (DURATION - 200) * RATE && first < (DURATION - 99) * RATE);
      assert.ok(late, `parts from ${ranges}`);
    });

    test("passes each event on as it is sent", async () => {
      const { browser, alice, open } = stage();
      const { page: tab } = await browser.open(alice.url());
      await tab.evaluate(() => {
        const heard: string[] = [];
        Object.assign(globalThis, { heard });
        new EventSource("/events").onmessage = ({ data }) => heard.push(data);
      });
      const events = await until(() => open.at(-1), { what: "the page to listen" });
      const sent: string[] = [];
      for (const word of ["one", "two", "three"]) {
        sent.push(word);
        events.write(`data: ${word}\n\n`);
        const heard = () => tab.evaluate(() => (globalThis as unknown as { heard: string[] }).heard.join());
        await until(async () => (await heard()) === sent.join(), { what: `the event ${word}` });
      }
      await tab.close();
      await until(() => events.destroyed, { what: "the site to hear that the page is gone" });
    });

    test("tells a WebSocket that the host has died, and opens another when it is back", async () => {
      const { browser, alice } = stage();
      const { page: tab } = await browser.open(alice.url());
      const [host = 0] = nativeHosts();
      const echo = `wss://${alice.key}/echo`;
      await tab.evaluate(
        (address) =>
          new Promise((resolve, reject) => {
            const socket = new WebSocket(address);
            const closed = new Promise((close) => {
              socket.onclose = ({ wasClean }) => close(wasClean);
            });
            Object.assign(globalThis, { ended: closed });
            socket.onopen = resolve;
            socket.onerror = reject;
          }),
        echo,
      );
      process.kill(host, "SIGKILL");
      const clean = await tab.evaluate(() => (globalThis as unknown as { ended: Promise<boolean> }).ended);
      assert.equal(clean, false);
      const opens = () =>
        tab.evaluate(
          (address) =>
            new Promise((resolve) => {
              const socket = new WebSocket(address);
              socket.onopen = () => resolve(true);
              socket.onerror = () => resolve(false);
            }),
          echo,
        );
      await until(opens, { what: "another WebSocket" });
      assert.ok(!nativeHosts().includes(host));
    });
  },
);

/** What a process has in memory, or had at most, in bytes. */
function memory(pid: number, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(status.match(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m"))?.[1]) * 1024;
}

/** A RIFF file: PCM, one channel, a byte a sample. */
function wav(rate: number, seconds: number): Buffer {
  // Thirteen values around the middle of the scale, so that neighbouring places differ.
  const samples = Buffer.alloc(
    rate * seconds,
    Buffer.from(Uint8Array.from({ length: 13 }, (_, i) => 122 + i)),
  );
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + samples.length, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write("data", 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}
