//! The user’s own “Trusted Root Certification Authorities” of Windows.
//!
//! Windows asks the user itself before it adds or deletes a root, and lets the program wait for the
//! answer.

use super::{Entry, Mark, Root, TrustError};

pub(super) fn entries(known: &[Mark]) -> Result<Vec<Entry>, TrustError> {
    let mut entries = Vec::new();
    store::look(|der| {
        // What is in this store is trusted.
        entries.extend(Entry::of(
            der,
            Mark::of(der).digest().to_owned(),
            known,
            true,
        ));
    })
    .map_err(TrustError::Windows)?;
    Ok(entries)
}

pub(super) fn add(root: &Root) -> Result<(), TrustError> {
    store::add(&root.der).map_err(TrustError::Windows)
}

pub(super) fn remove(digest: &str) -> Result<(), TrustError> {
    store::remove(|der| Mark::of(der).digest() == digest).map_err(TrustError::Windows)
}

#[cfg(windows)]
#[allow(unsafe_code)]
mod store {
    use std::{io, ptr, slice};

    use windows_sys::{
        Win32::Security::Cryptography::{
            CERT_CONTEXT, CERT_STORE_ADD_USE_EXISTING, CERT_STORE_CTRL_COMMIT,
            CertAddEncodedCertificateToStore, CertCloseStore, CertControlStore,
            CertDeleteCertificateFromStore, CertDuplicateCertificateContext,
            CertEnumCertificatesInStore, CertFreeCertificateContext, CertOpenSystemStoreW,
            HCERTSTORE, X509_ASN_ENCODING,
        },
        w,
    };

    struct Store(HCERTSTORE);

    impl Store {
        fn open() -> io::Result<Self> {
            // SAFETY: the name is a constant that ends in zero.
            let store = unsafe { CertOpenSystemStoreW(0, w!("ROOT")) };
            match store.is_null() {
                true => Err(io::Error::last_os_error()),
                false => Ok(Self(store)),
            }
        }

        fn certificates(&self) -> Certificates<'_> {
            Certificates {
                store: self,
                last: ptr::null(),
            }
        }
    }

    impl Drop for Store {
        fn drop(&mut self) {
            // SAFETY: it is open, and no certificate borrowed from it is left.
            unsafe { CertCloseStore(self.0, 0) };
        }
    }

    /// The certificates of a store, one at a time.
    struct Certificates<'a> {
        store: &'a Store,
        last: *const CERT_CONTEXT,
    }

    impl Certificates<'_> {
        /// The next one and its DER, which are there until the one after it is asked for.
        fn next(&mut self) -> Option<(*const CERT_CONTEXT, &[u8])> {
            // SAFETY: the store is open, and the last one is from it; this call frees that.
            self.last = unsafe { CertEnumCertificatesInStore(self.store.0, self.last) };
            // SAFETY: what is not null is a certificate, whose bytes are as many as it says.
            unsafe {
                let found = self.last.as_ref()?;
                let length = usize::try_from(found.cbCertEncoded).unwrap_or(0);
                Some((
                    self.last,
                    slice::from_raw_parts(found.pbCertEncoded, length),
                ))
            }
        }
    }

    impl Drop for Certificates<'_> {
        fn drop(&mut self) {
            if !self.last.is_null() {
                // SAFETY: nobody else has freed it.
                unsafe { CertFreeCertificateContext(self.last) };
            }
        }
    }

    /// Shows each certificate, DER.
    pub(super) fn look(mut see: impl FnMut(&[u8])) -> io::Result<()> {
        let store = Store::open()?;
        let mut all = store.certificates();
        while let Some((_, der)) = all.next() {
            see(der);
        }
        Ok(())
    }

    /// Adds a certificate, DER.
    pub(super) fn add(der: &[u8]) -> io::Result<()> {
        let store = Store::open()?;
        let length = u32::try_from(der.len()).map_err(io::Error::other)?;
        // SAFETY: the bytes are as many as told, and the store is open.
        succeeded(unsafe {
            CertAddEncodedCertificateToStore(
                store.0,
                X509_ASN_ENCODING,
                der.as_ptr(),
                length,
                CERT_STORE_ADD_USE_EXISTING,
                ptr::null_mut(),
            )
        })
    }

    /// Removes the certificates that are meant.
    pub(super) fn remove(meant: impl Fn(&[u8]) -> bool) -> io::Result<()> {
        let store = Store::open()?;
        let mut all = store.certificates();
        let mut found = Vec::new();
        while let Some((certificate, der)) = all.next() {
            if meant(der) {
                // SAFETY: it is there; what is given is freed below.
                found.push(unsafe { CertDuplicateCertificateContext(certificate) });
            }
        }
        // Not while they are gone through: the next is found by the last.
        drop(all);
        let done = found.into_iter().fold(Ok(()), |done, certificate| {
            // SAFETY: this frees it, whether or not it is deleted.
            done.and(succeeded(unsafe {
                CertDeleteCertificateFromStore(certificate)
            }))
        });
        // Wine would keep to itself what is deleted. What this says does not count: where nothing is
        // left to be written, it is no success either.
        // SAFETY: the store is open.
        unsafe { CertControlStore(store.0, 0, CERT_STORE_CTRL_COMMIT, ptr::null()) };
        done
    }

    fn succeeded(done: i32) -> io::Result<()> {
        match done {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

/// Elsewhere there is none.
#[cfg(not(windows))]
mod store {
    use std::io;

    pub(super) fn look(_: impl FnMut(&[u8])) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn add(_: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn remove(_: impl Fn(&[u8]) -> bool) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
