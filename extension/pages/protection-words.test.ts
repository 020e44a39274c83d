import { expect, it } from "vitest";
import type { HttpsState } from "../https/state";
import type { Endpoint } from "../protocol/protocol";
import { protectionWords } from "./protection-words";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const plain: Endpoint = { kind: "address", address: "203.0.113.7", port: null, tls: false, allowed: true };
const tls: Endpoint = { ...plain, tls: true };
const name: Endpoint = { kind: "icann", name: "example.com", port: null };
const off: HttpsState = { kind: "off", status: null };

const on: HttpsState = {
  kind: "on",
  status: { enabled: true, root: null, probe: null, stores: [] },
};

it.each<[string, Endpoint[], HttpsState, RegExp]>([
  [`http://${KEY}/`, [plain], off, /not encrypted/],
  [`http://${KEY}/`, [tls, plain], off, /encrypted with the key from this computer/],
  [`https://${KEY}/`, [tls], on, /https:\/\/ with the key/],
  [`https://${KEY}/`, [tls], off, /encrypted with the key from this computer/],
  [`http://${KEY}/`, [tls], { kind: "unsupported" }, /asks for https/],
  [`http://${KEY}/`, [name, plain], off, /certificate of example\.com/],
  [`http://${KEY}/`, [{ ...tls, allowed: false }, plain], off, /not encrypted/],
  [`http://${KEY}/`, [{ ...plain, allowed: false }], off, /^$/],
  [`http://${KEY}/`, [{ ...name, name: "a\u202eb" }], off, /of a\ufffdb$/],
])("says how %s with %j is protected", (address, endpoints, https, words) => {
  expect(protectionWords(address, endpoints, https)).toMatch(words);
});
