/**
 * What a record is for, as people use records, and in their words: a web site, a homeserver, a way to dial a node.
 *
 * It judges one record by its name, type and data alone, and only where the data is what the convention asks for: an
 * `_iroh` record with a broken address is text.
 */

import { lowered, Reader, serviceOf, TYPES, typeName } from "./dns.js";
import { counted, parsedUrl, textOf } from "./text.js";
import { chunks, hostText, ipv6Text, protocols, strings, valueText } from "./zone-show.js";

/** @import { Name, Record } from "./dns.js" */

/**
 * A part of a sentence: words of ours, or text that a stranger wrote.
 * @typedef {string | { value: string }} Part
 */

/** @typedef {"site" | "pubky" | "iroh" | "did" | "dnslink" | "mail" | "services" | "nameServers" | "text" | "rest"} Purpose */

/**
 * @typedef {object} Meaning
 * @property {Purpose} purpose
 * @property {Part[][]} sentences
 */

/** What records are for, in the order they are shown. */
export const PURPOSES = /** @type {const} */ ([
  { purpose: "site", title: "Web site", about: "" },
  {
    purpose: "pubky",
    title: "Pubky",
    about:
      "People on pubky keep their profile and data at a homeserver of their choice, and move by signing another one.",
  },
  {
    purpose: "iroh",
    title: "iroh node",
    about: "Programs built on iroh dial each other by key; these records say how.",
  },
  {
    purpose: "did",
    title: "Identity (did:dht)",
    about: "A document that other programs read to learn which keys and services belong to this identity.",
  },
  { purpose: "dnslink", title: "Content of other networks", about: "" },
  { purpose: "mail", title: "Mail", about: "" },
  { purpose: "services", title: "Other services", about: "" },
  { purpose: "nameServers", title: "Name servers", about: "" },
  { purpose: "text", title: "Text", about: "" },
  { purpose: "rest", title: "Other records", about: "" },
]);

/** did:dht's numbers of key types. */
const ALGORITHMS = ["Ed25519", "secp256k1", "P-256", "X25519"];

/**
 * @param {Record} record
 * @param {string} key
 * @returns {Meaning}
 */
export function meaningOf(record, key) {
  return (
    known(record, key) ?? {
      purpose: "rest",
      sentences: [
        [
          "A record of the type ",
          value(typeName(record)),
          ", of a use that is not known here: ",
          value(valueText(record)),
        ],
      ],
    }
  );
}

/**
 * @param {string} text
 * @returns {Part}
 */
function value(text) {
  return { value: text };
}

/**
 * @param {Purpose} purpose
 * @param {...Part[]} sentences
 * @returns {Meaning}
 */
function means(purpose, ...sentences) {
  return { purpose, sentences };
}

/**
 * @param {Record} record
 * @param {string} key
 * @returns {Meaning | null}
 */
function known({ name, type, data }, key) {
  const place = placeOf(name, key);
  const reader = new Reader(data);
  switch (type) {
    case TYPES.A:
      return means("site", ["This name is at the address ", value(data.join(".")), "."]);
    case TYPES.AAAA:
      return means("site", ["This name is at the address ", value(ipv6Text(data)), "."]);
    case TYPES.CNAME:
      return means("site", ["This name stands for ", value(hostText(reader.name())), "."]);
    case TYPES.HTTPS:
    case TYPES.SVCB:
      return service(data, place);
    case TYPES.NS:
      return means("nameServers", ["The server ", value(hostText(reader.name())), " answers for this name."]);
    case TYPES.MX: {
      const preference = reader.u16();
      return means("mail", [
        "Mail for this name goes to ",
        value(hostText(reader.name())),
        `; lower numbers are tried first, this is number ${preference}.`,
      ]);
    }
    case TYPES.SRV: {
      reader.bytes(4);
      const port = reader.u16();
      return means("services", ["A service is at ", value(hostText(reader.name())), `, port ${port}.`]);
    }
    case TYPES.TXT:
      return text(strings(data), place);
    default:
      return null;
  }
}

/**
 * Where a record stands: its labels before the key, or all of them outside its zone; in lower case.
 * @typedef {{ labels: Name, inZone: boolean }} Place
 */

/**
 * @param {Name} name
 * @param {string} key
 * @returns {Place}
 */
function placeOf(name, key) {
  const labels = lowered(name);
  const inZone = labels.at(-1) === key;
  return { labels: inZone ? labels.slice(0, -1) : labels, inZone };
}

/**
 * @param {Place} place
 * @param {string} label
 */
function isAt({ labels, inZone }, label) {
  return inZone && labels.length === 1 && labels[0] === label;
}

/**
 * @param {Uint8Array<ArrayBuffer>} data
 * @param {Place} place
 * @returns {Meaning}
 */
function service(data, place) {
  const { priority, target: labels, params } = serviceOf(data);
  const target = hostText(labels);
  if (isAt(place, "_pubky") && target !== "") {
    return means("pubky", ["Profile and data of this person are at the homeserver ", value(target), "."]);
  }
  if (priority === 0 && target !== "") {
    return means("site", ["The site of this name is that of ", value(target), "."]);
  }
  /** @param {number} number */
  const param = (number) => params.find(({ key }) => key === number)?.value ?? new Uint8Array();
  const port = param(3);
  const where = port.length === 2 ? `, port ${(port[0] ?? 0) * 256 + (port[1] ?? 0)}.` : ".";
  /** @type {Part[][]} */
  const sentences = [
    target === ""
      ? [`The site of this name is served at its own addresses${where}`]
      : ["The site of this name is served by ", value(target), where],
  ];
  // Nobody needs to hear it of the first.
  if (priority > 1) sentences.push([`Lower numbers are tried first; this is number ${priority}.`]);
  const spoken = protocols(param(1)).map(textOf).join(" ");
  if (spoken) sentences.push(["It speaks ", value(spoken), "."]);
  const addresses = [
    ...chunks(param(4), 4).map((four) => four.join(".")),
    ...chunks(param(6), 16).map(ipv6Text),
  ];
  if (addresses.length > 0) sentences.push(["Addresses named beside it: ", value(addresses.join(" ")), "."]);
  return means("site", ...sentences);
}

/**
 * @param {Uint8Array<ArrayBuffer>[]} parts
 * @param {Place} place
 * @returns {Meaning}
 */
function text(parts, place) {
  const all = parts.map(textOf).join("");
  const number = didNumber(place);
  /** @type {Meaning | null} */
  let special = null;
  if (isAt(place, "_iroh")) special = iroh(all);
  else if (isAt(place, "_did")) special = did(all);
  else if (number?.letter === "k") special = didKey(all, number.id);
  else if (number?.letter === "s") special = didService(all, number.id);
  else if (place.inZone && place.labels[0] === "_dnslink") special = dnslink(all);
  return special ?? means("text", ["Somebody wrote: ", value(all)]);
}

/**
 * The number in `_k0._did`, in zone or out of it, where did:dht has it.
 * @param {Place} place
 */
function didNumber({ labels }) {
  const [, letter, id] =
    labels.length === 2 && labels[1] === "_did" ? (/^_([ks])(\d+)$/.exec(labels[0] ?? "") ?? []) : [];
  return letter !== undefined && id !== undefined ? { letter, id } : null;
}

/**
 * @param {string} all
 * @returns {Meaning | null}
 */
function iroh(all) {
  const at = all.indexOf("=");
  const rest = all.slice(at + 1);
  switch (at < 0 ? "" : all.slice(0, at)) {
    case "relay":
      return parsedUrl(rest)
        ? means("iroh", ["The node can be reached through the relay ", value(rest), "."])
        : null;
    case "addr":
      return /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]):\d{1,5}$/i.test(rest) &&
        parsedUrl(`http://${rest}`)
        ? means("iroh", ["The node can be dialled at ", value(rest), "."])
        : null;
    case "user-data":
      return means("iroh", ["The node says of itself: ", value(rest)]);
    default:
      return null;
  }
}

/**
 * The value in `name=value;name=value`.
 * @param {string} all
 * @param {string} name
 */
function property(all, name) {
  for (const part of all.split(";")) {
    const at = part.indexOf("=");
    if (at >= 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return null;
}

/**
 * @param {string} all
 * @returns {Meaning | null}
 */
function did(all) {
  const version = property(all, "v");
  if (version === null) return null;
  /** @param {string} name */
  const count = (name) => (property(all, name) ?? "").split(",").filter(Boolean).length;
  return means("did", [
    "An identity document of version ",
    value(version),
    ` with ${counted(count("vm"), "key")} and ${counted(count("svc"), "service")}.`,
  ]);
}

/**
 * @param {string} all
 * @param {string} id
 * @returns {Meaning | null}
 */
function didKey(all, id) {
  const type = property(all, "t");
  if (type === null) return null;
  const algorithm = /^\d$/.test(type) ? (ALGORITHMS[Number(type)] ?? type) : type;
  return means("did", [
    "Key ",
    value(property(all, "id") ?? id),
    " of the document is of the type ",
    value(algorithm),
    ".",
  ]);
}

/**
 * @param {string} all
 * @param {string} id
 * @returns {Meaning | null}
 */
function didService(all, id) {
  const type = property(all, "t");
  const endpoint = property(all, "se");
  if (type === null || endpoint === null) return null;
  return means("did", [
    "Service ",
    value(property(all, "id") ?? id),
    " of the document is of the type ",
    value(type),
    " and is at ",
    value(endpoint),
    ".",
  ]);
}

/**
 * @param {string} all
 * @returns {Meaning | null}
 */
function dnslink(all) {
  const path = /^dnslink=(\/.*)$/s.exec(all)?.[1];
  return path === undefined ? null : means("dnslink", ["This name leads to ", value(path), "."]);
}
