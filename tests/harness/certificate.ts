/**
 * Certificates: self-signed ones for the sites a test plays that browsers insist on reaching over TLS, and those that
 * somebody makes who has come by the key of an authority.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./processes.ts";

/** A private key, and a certificate with those between it and its authority; both PEM. */
export interface Certificate {
  key: string;
  cert: string;
}

/** Where an authority's private key and certificate are. */
export interface AuthorityFiles {
  key: string;
  certificate: string;
}

/** For these names, vouched for by nobody; with days below zero it has ended. */
export async function selfSigned(names: string[], days = 2): Promise<Certificate> {
  return await issue({ alternatives: names.map((name) => `DNS:${name}`), days });
}

/** An authority that its makers alone vouch for, in this folder. */
export async function newAuthority(folder: string): Promise<AuthorityFiles> {
  const files = { key: join(folder, "authority.key"), certificate: join(folder, "authority.pem") };
  const { key, cert } = await issue({ isAuthority: true });
  writeFileSync(files.key, key);
  writeFileSync(files.certificate, cert);
  return files;
}

/** For these names as openssl writes them, such as `DNS:example.com` and `IP:127.0.0.1`. */
export async function signedBy(authority: AuthorityFiles, alternatives: string[]): Promise<Certificate> {
  return await issue({ authority, alternatives });
}

/** The same by way of another authority, which `authority` vouches for. */
export async function signedBelow(authority: AuthorityFiles, alternatives: string[]): Promise<Certificate> {
  const middle = await issue({ authority, isAuthority: true });
  return await inFolder(async (folder) => {
    const files = { key: join(folder, "key.pem"), certificate: join(folder, "cert.pem") };
    writeFileSync(files.key, middle.key);
    writeFileSync(files.certificate, middle.cert);
    const { key, cert } = await issue({ authority: files, alternatives });
    return { key, cert: cert + middle.cert };
  });
}

interface Issued {
  /** Without one it signs itself. */
  authority?: AuthorityFiles;
  alternatives?: string[];
  isAuthority?: boolean;
  days?: number;
}

async function issue({ authority, alternatives = [], isAuthority = false, days = 2 }: Issued) {
  return await inFolder(async (folder) => {
    const place = (name: string) => join(folder, name);
    const [key, request, cert, extensions] = ["key", "request", "cert", "extensions"].map(place) as [
      string,
      string,
      string,
      string,
    ];
    const lines = [
      `basicConstraints=critical,CA:${isAuthority ? "TRUE" : "FALSE"}`,
      `keyUsage=critical,${isAuthority ? "keyCertSign" : "digitalSignature"}`,
      "extendedKeyUsage=serverAuth",
      ...(alternatives.length > 0 ? [`subjectAltName=${alternatives.join(",")}`] : []),
    ];
    writeFileSync(extensions, lines.join("\n"));
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key];
    const subject = isAuthority ? "/CN=An authority of the tests" : "/CN=A certificate of the tests";
    await run("openssl", ["req", ...newKey, "-subj", subject, "-out", request]);
    const signer = authority ? ["-CA", authority.certificate, "-CAkey", authority.key] : ["-signkey", key];
    const about = ["-days", String(days), "-extfile", extensions];
    await run("openssl", ["x509", "-req", "-in", request, ...signer, ...about, "-out", cert]);
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "pkarr-certificate-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
