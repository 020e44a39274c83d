//! Telling systemd how the service is doing (`sd_notify(3)`).

/// Tells the service manager, where there is one that listens: `READY=1`, `STOPPING=1`.
#[cfg(unix)]
pub fn notify(what: &str) {
    use std::os::unix::net::UnixDatagram;

    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let told = UnixDatagram::unbound().and_then(|from| send(&from, &socket, what));
    if let Err(error) = told {
        tracing::debug!(%error, "can’t tell the service manager");
    }
}

/// There is no such manager on this system.
#[cfg(not(unix))]
pub fn notify(_what: &str) {}

#[cfg(unix)]
fn send(
    from: &std::os::unix::net::UnixDatagram,
    socket: &std::ffi::OsStr,
    what: &str,
) -> std::io::Result<usize> {
    #[cfg(target_os = "linux")]
    {
        use std::os::{
            linux::net::SocketAddrExt,
            unix::{ffi::OsStrExt, net::SocketAddr},
        };
        // A socket without a file.
        if let Some(name) = socket.as_bytes().strip_prefix(b"@") {
            let address = SocketAddr::from_abstract_name(name)?;
            return from.send_to_addr(what.as_bytes(), &address);
        }
    }
    from.send_to(what.as_bytes(), socket)
}
