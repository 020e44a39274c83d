//! What a request asks for: which host, which port, by which scheme.
//!
//! Read strictly. A request that could be read in two ways by two programs is how requests are
//! smuggled past a proxy, so whatever is unclear is refused.

use hyper::{
    HeaderMap, Method, Request, Uri, Version,
    body::Incoming,
    header,
    http::uri::{Authority, Scheme},
};

use super::way::Site;
use crate::{
    address::is_web_port,
    http_fields::is_plainly_framed,
    key::KeyHost,
    problem::{Code, Problem},
};

/// The target of a request to the proxy: `http://`, in absolute form (RFC 9112, section 3.2.2).
pub(super) fn of_proxy_request(request: &Request<Incoming>) -> Result<Site, Problem> {
    let uri = request.uri();
    ordinary_method(request.method())?;
    if uri.scheme() != Some(&Scheme::HTTP) {
        let what = "this is a proxy for http:// key hosts, and the request is not one for a proxy";
        return Err(bad(what));
    }
    one_host(request.headers(), request.version())?;
    plainly_framed(request.headers())?;
    let (host, port) = host_and_port(uri)?;
    Ok(Site::new(host, port, false))
}

/// Where a tunnel is asked to lead: a host and a port, and nothing else (RFC 9112, section 3.2.3).
pub(super) fn of_tunnel(request: &Request<Incoming>) -> Result<(KeyHost, u16), Problem> {
    let uri = request.uri();
    if uri.scheme().is_some() || uri.path_and_query().is_some() {
        return Err(bad("a tunnel is asked for by host and port alone"));
    }
    // Some bytes of the tunnel would be taken for it.
    let body = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
    if body.iter().any(|name| request.headers().contains_key(name)) {
        return Err(bad("a tunnel is asked for without a body"));
    }
    one_host(request.headers(), request.version())?;
    let (host, port) = host_and_port(uri)?;
    let port = port.ok_or_else(|| bad("a tunnel is asked for without a port"))?;
    if !is_web_port(port) {
        let what = format!("browsers don’t speak to port {port}");
        return Err(Problem::new(Code::BadPort, what));
    }
    Ok((host, port))
}

/// What a request inside a tunnel to `host` and `port` asks for. Its authority must be the
/// tunnel's, else it is misdirected.
pub(super) fn of_tunnelled_request(
    host: &KeyHost,
    port: u16,
    secure: bool,
    request: &Request<Incoming>,
) -> Result<Site, Problem> {
    let misdirected = || {
        let what = format!("a request for another host came over the connection for {host}");
        Problem::new(Code::Misdirected, what)
    };
    ordinary_method(request.method())?;
    one_host(request.headers(), request.version())?;
    plainly_framed(request.headers())?;
    let named = match request.headers().get(header::HOST) {
        Some(named) => Some(Authority::try_from(named.as_bytes()).map_err(|_| misdirected())?),
        None => None,
    };
    // One of the two is there, and what is there must be the tunnel's.
    for authority in named.iter().chain(request.uri().authority()) {
        let default = if secure { 443 } else { 80 };
        let of = KeyHost::parse(authority.host()).map_err(|_| misdirected())?;
        if of != *host || port_of(authority)?.unwrap_or(default) != port {
            return Err(misdirected());
        }
    }
    if named.is_none() && request.uri().authority().is_none() {
        return Err(bad("the request names no host"));
    }
    Ok(Site::new(host.clone(), Some(port), secure))
}

fn host_and_port(uri: &Uri) -> Result<(KeyHost, Option<u16>), Problem> {
    let authority = uri
        .authority()
        .ok_or_else(|| bad("the request names no host"))?;
    let host =
        KeyHost::parse(authority.host()).map_err(|error| Problem::new(Code::NotAKey, error))?;
    Ok((host, port_of(authority)?))
}

/// The port of an authority; a text that is no port would otherwise pass for none.
fn port_of(authority: &Authority) -> Result<Option<u16>, Problem> {
    if authority.as_str().contains('@') {
        return Err(bad("the request carries a user name"));
    }
    match authority.as_str().rsplit_once(':') {
        None | Some((_, "")) => Ok(None),
        // `parse` would take a sign.
        Some((_, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            match digits.parse() {
                Ok(port @ 1..) => Ok(Some(port)),
                _ => Err(bad("the request names a port that is none")),
            }
        }
        Some(_) => Err(bad("the request names a port that is none")),
    }
}

/// No tunnel begins in a tunnel, and nobody is shown what a request looks like on its way: no page
/// can ask for either (Fetch standard, section 2.2.1, “forbidden method”).
fn ordinary_method(method: &Method) -> Result<(), Problem> {
    if method == Method::CONNECT || method == Method::TRACE {
        return Err(bad("the request’s method is none for a site"));
    }
    Ok(())
}

/// RFC 9112, section 3.2: one `Host`, no more and no less. HTTP/1.0 may do without, HTTP/2 has an
/// authority of its own.
fn one_host(headers: &HeaderMap, version: Version) -> Result<(), Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Err(bad("the request names more than one host")),
        (None, _) if version == Version::HTTP_11 => Err(bad("the request has no Host")),
        (Some(host), None) if !host.is_empty() => match Authority::try_from(host.as_bytes()) {
            Ok(authority) => port_of(&authority).map(drop),
            Err(_) => Err(bad("the request’s Host is no host")),
        },
        _ => Ok(()),
    }
}

/// RFC 9112, section 6.1: a coding that the gateway does not undo can’t be passed on.
fn plainly_framed(headers: &HeaderMap) -> Result<(), Problem> {
    if is_plainly_framed(headers) {
        Ok(())
    } else {
        Err(bad(
            "the request’s body has a coding that is not chunked alone",
        ))
    }
}

fn bad(what: &str) -> Problem {
    Problem::new(Code::BadRequest, what)
}
