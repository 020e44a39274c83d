//! NSS itself, loaded where it is installed but its tools are not: Chromium on Linux needs it.
//!
//! A database is opened for one piece of work and closed again, one at a time in this process, on
//! the thread that calls. No modules are loaded with it, and nobody is asked for a password.

#![allow(unsafe_code)]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_uint, c_ulong, c_void},
    path::Path,
    ptr::{self, NonNull},
    sync::{Mutex, OnceLock, PoisonError},
};

use libloading::Library;

use super::{Entry, Mark, Root, TrustError};

const LIBRARY: &str = "libnss3.so";
/// The most certificates that are looked at.
const MAX_CERTIFICATES: usize = 20_000;

// nss.h
const INIT_READONLY: u32 = 0x1;
const INIT_NOMODDB: u32 = 0x4;
const INIT_NOROOTINIT: u32 = 0x10;
// certdb.h: a valid authority, trusted to vouch.
const VALID_CA: c_uint = 1 << 3;
const TRUSTED_CA: c_uint = 1 << 4;
// secerr.h
const BAD_PASSWORD: c_int = -8177;
const NOT_LOGGED_IN: c_int = -8037;

/// `SECItem` (seccomon.h).
#[repr(C)]
struct Item {
    kind: c_int,
    data: *mut u8,
    len: c_uint,
}

/// `CERTCertTrust` (certt.h).
#[repr(C)]
#[derive(Default)]
struct Trust {
    servers: c_uint,
    email: c_uint,
    objects: c_uint,
}

/// `CERTCertListNode`; the list’s head begins with the same two links (certt.h).
#[repr(C)]
struct Node {
    next: *mut Node,
    previous: *mut Node,
    certificate: *mut c_void,
    application: *mut c_void,
}

macro_rules! functions {
    ($($field:ident = $name:literal: fn($($argument:ty),*) $(-> $result:ty)?;)+) => {
        /// The functions of NSS that are needed, as its headers declare them.
        struct Functions {
            $($field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)+
            /// Never unloaded: NSS leaves handlers in the process.
            _library: Library,
        }

        impl Functions {
            fn load() -> Option<Self> {
                // SAFETY: the initialisers of NSS, which the system’s loader finds like those of
                // any library that a program is linked to, demand nothing of the caller.
                let library = unsafe { Library::new(LIBRARY) }.ok()?;
                $(
                    // SAFETY: the type is the one in NSS’s public headers, whose functions keep
                    // their signatures (they are versioned symbols).
                    let $field = unsafe {
                        *library
                            .get::<unsafe extern "C" fn($($argument),*) $(-> $result)?>($name)
                            .ok()?
                    };
                )+
                Some(Self { $($field,)+ _library: library })
            }
        }
    };
}

functions! {
    init = b"NSS_InitContext": fn(*const c_char, *const c_char, *const c_char, *const c_char, *mut c_void, u32) -> *mut c_void;
    shutdown = b"NSS_ShutdownContext": fn(*mut c_void) -> c_int;
    error = b"PORT_GetError": fn() -> c_int;
    key_slot = b"PK11_GetInternalKeySlot": fn() -> *mut c_void;
    free_slot = b"PK11_FreeSlot": fn(*mut c_void);
    needs_user_init = b"PK11_NeedUserInit": fn(*mut c_void) -> c_int;
    init_pin = b"PK11_InitPin": fn(*mut c_void, *const c_char, *const c_char) -> c_int;
    import = b"PK11_ImportDERCert": fn(*mut c_void, *mut Item, c_ulong, *const c_char, c_int) -> c_int;
    find = b"PK11_FindCertFromDERCertItem": fn(*mut c_void, *const Item, *mut c_void) -> *mut c_void;
    list = b"PK11_ListCertsInSlot": fn(*mut c_void) -> *mut Node;
    free_list = b"CERT_DestroyCertList": fn(*mut Node);
    default_db = b"CERT_GetDefaultCertDB": fn() -> *mut c_void;
    change_trust = b"CERT_ChangeCertTrust": fn(*mut c_void, *mut c_void, *mut Trust) -> c_int;
    trust = b"CERT_GetCertTrust": fn(*const c_void, *mut Trust) -> c_int;
    der = b"CERT_GetCertificateDer": fn(*const c_void, *mut Item) -> c_int;
    delete = b"SEC_DeletePermCertificate": fn(*mut c_void) -> c_int;
    free = b"CERT_DestroyCertificate": fn(*mut c_void);
}

fn functions() -> Option<&'static Functions> {
    static LOADED: OnceLock<Option<Functions>> = OnceLock::new();
    LOADED.get_or_init(Functions::load).as_ref()
}

pub(super) fn is_installed() -> bool {
    functions().is_some()
}

pub(super) fn create(folder: &Path) -> Result<(), TrustError> {
    // Opening it for writing makes it.
    Database::with(folder, 0, |_| Ok(()))
}

pub(super) fn entries(folder: &Path, known: &[Mark]) -> Result<Vec<Entry>, TrustError> {
    Database::with(folder, INIT_READONLY, |database| {
        let mut entries = Vec::new();
        database.each(|certificate, der| {
            let id = data_encoding::HEXLOWER.encode(der);
            entries.extend(Entry::of(der, id, known, database.trusts(certificate)));
        })?;
        Ok(entries)
    })
}

pub(super) fn add(folder: &Path, root: &Root) -> Result<(), TrustError> {
    let nickname = CString::new(root.nickname()).unwrap_or_default();
    Database::with(folder, 0, |database| {
        database.import(&root.der, &nickname)?;
        database
            .certificate(&root.der)
            .ok_or_else(|| database.failed("PK11_FindCertFromDERCertItem"))?
            .vouches_for_servers()
    })
}

pub(super) fn remove(folder: &Path, id: &str) -> Result<(), TrustError> {
    let der = data_encoding::HEXLOWER
        .decode(id.as_bytes())
        .unwrap_or_default();
    Database::with(folder, 0, |database| match database.certificate(&der) {
        Some(certificate) => certificate.delete(),
        None => Ok(()),
    })
}

/// A database that is open, and the slot that stands for it.
struct Database {
    nss: &'static Functions,
    slot: NonNull<c_void>,
}

impl Database {
    /// Opens the database in `folder`, does some work with it and closes it.
    fn with<T>(
        folder: &Path,
        flags: u32,
        work: impl FnOnce(&Self) -> Result<T, TrustError>,
    ) -> Result<T, TrustError> {
        // NSS has one database at a time, for the whole process.
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let nss = functions().ok_or(TrustError::NoProgram)?;
        let name = [b"sql:", folder.as_os_str().as_encoded_bytes()].concat();
        let name = CString::new(name).map_err(|error| TrustError::Folder(error.into()))?;
        let none = c"".as_ptr();
        let flags = flags | INIT_NOMODDB | INIT_NOROOTINIT;
        // SAFETY: four strings that end in zero and live through the call; parameters may be null.
        let context =
            unsafe { (nss.init)(name.as_ptr(), none, none, none, ptr::null_mut(), flags) };
        if context.is_null() {
            return Err(failure(nss, "NSS_InitContext"));
        }
        let outcome = Self::open(nss, flags).and_then(|database| work(&database));
        // SAFETY: the context of above, once; what was made with it has been given back.
        unsafe { (nss.shutdown)(context) };
        outcome
    }

    fn open(nss: &'static Functions, flags: u32) -> Result<Self, TrustError> {
        // SAFETY: NSS is initialised.
        let slot = NonNull::new(unsafe { (nss.key_slot)() })
            .ok_or_else(|| failure(nss, "PK11_GetInternalKeySlot"))?;
        let database = Self { nss, slot };
        // SAFETY: the slot is alive as long as `database`.
        let is_new = unsafe { (nss.needs_user_init)(slot.as_ptr()) } != 0;
        if is_new && flags & INIT_READONLY == 0 {
            // SAFETY: as above; null twice stands for no password.
            let status = unsafe { (nss.init_pin)(slot.as_ptr(), ptr::null(), ptr::null()) };
            database.check(status, "PK11_InitPin")?;
        }
        Ok(database)
    }

    fn check(&self, status: c_int, call: &'static str) -> Result<(), TrustError> {
        if status == 0 {
            Ok(())
        } else {
            Err(self.failed(call))
        }
    }

    fn failed(&self, call: &'static str) -> TrustError {
        failure(self.nss, call)
    }

    fn import(&self, der: &[u8], nickname: &CStr) -> Result<(), TrustError> {
        let mut item = item(der);
        let name = nickname.as_ptr();
        // SAFETY: slot, item and name live through the call, which copies what it keeps; a key of
        // zero means none.
        let status = unsafe { (self.nss.import)(self.slot.as_ptr(), &mut item, 0, name, 0) };
        self.check(status, "PK11_ImportDERCert")
    }

    fn certificate(&self, der: &[u8]) -> Option<Certificate<'_>> {
        let item = item(der);
        // SAFETY: slot and item live through the call; nobody is asked for a password.
        let found = unsafe { (self.nss.find)(self.slot.as_ptr(), &item, ptr::null_mut()) };
        NonNull::new(found).map(|pointer| Certificate {
            database: self,
            pointer,
        })
    }

    /// Shows every certificate in the database, with its DER.
    fn each(&self, mut show: impl FnMut(NonNull<c_void>, &[u8])) -> Result<(), TrustError> {
        // SAFETY: the slot is alive.
        let list = unsafe { (self.nss.list)(self.slot.as_ptr()) };
        if list.is_null() {
            return Err(self.failed("PK11_ListCertsInSlot"));
        }
        // SAFETY: the list is a ring through its head, and not changed until it is freed below.
        let mut node = unsafe { (*list).next };
        for _ in 0..MAX_CERTIFICATES {
            if ptr::eq(node, list) || node.is_null() {
                break;
            }
            // SAFETY: a node that is not the head is a whole `Node`.
            let (certificate, next) = unsafe { ((*node).certificate, (*node).next) };
            if let Some(certificate) = NonNull::new(certificate) {
                let mut der = item(&[]);
                // SAFETY: the certificate is alive as long as the list; what `der` points to then
                // belongs to it.
                let status = unsafe { (self.nss.der)(certificate.as_ptr(), &mut der) };
                if status == 0 && !der.data.is_null() {
                    // SAFETY: as above, with the length that NSS says.
                    let der = unsafe { std::slice::from_raw_parts(der.data, der.len as usize) };
                    show(certificate, der);
                }
            }
            node = next;
        }
        // SAFETY: the list of above, once.
        unsafe { (self.nss.free_list)(list) };
        Ok(())
    }

    fn trusts(&self, certificate: NonNull<c_void>) -> bool {
        let mut trust = Trust::default();
        // SAFETY: the certificate is alive, and `trust` has the layout of the header.
        let status = unsafe { (self.nss.trust)(certificate.as_ptr(), &mut trust) };
        status == 0 && trust.servers & TRUSTED_CA != 0
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: the slot is ours, and given back once.
        unsafe { (self.nss.free_slot)(self.slot.as_ptr()) };
    }
}

/// A certificate in an open database.
struct Certificate<'a> {
    database: &'a Database,
    pointer: NonNull<c_void>,
}

impl Certificate<'_> {
    fn vouches_for_servers(&self) -> Result<(), TrustError> {
        let nss = self.database.nss;
        let mut trust = Trust {
            servers: VALID_CA | TRUSTED_CA,
            ..Trust::default()
        };
        // SAFETY: the certificate is alive, and `trust` has the layout of the header.
        let status =
            unsafe { (nss.change_trust)((nss.default_db)(), self.pointer.as_ptr(), &mut trust) };
        self.database.check(status, "CERT_ChangeCertTrust")
    }

    fn delete(&self) -> Result<(), TrustError> {
        // SAFETY: the certificate is alive; it stays so in memory until it is freed.
        let status = unsafe { (self.database.nss.delete)(self.pointer.as_ptr()) };
        self.database.check(status, "SEC_DeletePermCertificate")
    }
}

impl Drop for Certificate<'_> {
    fn drop(&mut self) {
        // SAFETY: the certificate is ours, and given back once.
        unsafe { (self.database.nss.free)(self.pointer.as_ptr()) };
    }
}

fn failure(nss: &Functions, call: &'static str) -> TrustError {
    // SAFETY: it reads a number that NSS keeps for this thread.
    match unsafe { (nss.error)() } {
        BAD_PASSWORD | NOT_LOGGED_IN => TrustError::Password,
        code => TrustError::Nss { call, code },
    }
}

/// DER as NSS takes it; it is only read.
fn item(der: &[u8]) -> Item {
    Item {
        kind: 0,
        data: der.as_ptr().cast_mut(),
        len: c_uint::try_from(der.len()).unwrap_or(0),
    }
}
