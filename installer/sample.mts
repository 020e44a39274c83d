/**
 * The sample site: what `installer/site/` holds, and the two answers its pages ask for.
 */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { type Answer, content, type Routes } from "../tests/harness/site.ts";

/** Titles the pages are recognised by. */
export const title = "Opened by its key · pkarr";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

const directory = join(import.meta.dirname, "site");

/** The routes of the site. `dht` tells its visitors where the key's record was found. */
export function sampleSite(dht: "embedded" | "mainline"): Routes {
  const files = new Map(readdirSync(directory).map((name) => [name, file(name)]));
  const send = (name: string): Answer => files.get(name) ?? (() => {});
  return {
    // A key host with more than one label is a name below the key.
    "/": (request, response) => {
      const [name = ""] = (request.headers.host ?? "").split(":");
      const below = name.replace(/\.$/, "").includes(".");
      send(below ? "subdomain.html" : "index.html")(request, response);
    },
    "/how": send("how.html"),
    "/page.js": send("page.js"),
    "/style.css": send("style.css"),
    "/mark.svg": send("mark.svg"),
    "/hello": (request, response) =>
      content("application/json", JSON.stringify({ host: request.headers.host, dht }))(request, response),
  };
}

function file(name: string): Answer {
  return content(TYPES[extname(name)] ?? "application/octet-stream", readFileSync(join(directory, name)));
}
