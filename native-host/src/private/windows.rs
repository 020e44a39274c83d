//! Lists of who may use a file.

#![allow(unsafe_code)]

use std::{
    fs::{File, OpenOptions},
    io,
    os::windows::{fs::OpenOptionsExt, io::AsRawHandle},
    ptr,
};

use windows_sys::Win32::{
    Foundation::{CloseHandle, GENERIC_WRITE, HANDLE},
    Security::{
        ACL, ACL_REVISION, AddAccessAllowedAce, DACL_SECURITY_INFORMATION, GetTokenInformation,
        InitializeAcl, InitializeSecurityDescriptor, PROTECTED_DACL_SECURITY_INFORMATION,
        PSECURITY_DESCRIPTOR, PSID, SE_DACL_PROTECTED, SECURITY_DESCRIPTOR,
        SetKernelObjectSecurity, SetSecurityDescriptorControl, SetSecurityDescriptorDacl,
        TOKEN_QUERY, TOKEN_USER, TokenUser,
    },
    Storage::FileSystem::{FILE_ALL_ACCESS, WRITE_DAC},
    System::Threading::{GetCurrentProcess, OpenProcessToken},
};

/// Room for a user with their name (`SECURITY_MAX_SID_SIZE` is 68), or a list with one entry, in words
/// of 8 bytes.
const ROOM: usize = 32;

/// `SECURITY_DESCRIPTOR_REVISION` (winnt.h).
const DESCRIPTOR_REVISION: u32 = 1;

/// Lets nobody else open the file while it is open, and its list be written.
pub(super) fn for_one(options: &mut OpenOptions) {
    options.share_mode(0).access_mode(GENERIC_WRITE | WRITE_DAC);
}

/// Makes the user the only one who may do anything with the file, whatever its folder hands on.
pub(super) fn close_to_others(file: &File) -> io::Result<()> {
    let user = User::current()?;
    let mut list = [0u64; ROOM];
    let acl: *mut ACL = list.as_mut_ptr().cast();
    let length = u32::try_from(size_of_val(&list)).unwrap_or(0);
    let mut descriptor = SECURITY_DESCRIPTOR::default();
    let to: PSECURITY_DESCRIPTOR = (&raw mut descriptor).cast();
    // SAFETY: the list is as long as told and aligned to more than it needs. It, the descriptor that
    // points to it and the user’s SID live to the end of this function; the handle is open.
    unsafe {
        succeeded(InitializeAcl(acl, length, ACL_REVISION))?;
        let all = FILE_ALL_ACCESS;
        succeeded(AddAccessAllowedAce(acl, ACL_REVISION, all, user.sid()))?;
        succeeded(InitializeSecurityDescriptor(to, DESCRIPTOR_REVISION))?;
        succeeded(SetSecurityDescriptorDacl(to, 1, acl, 0))?;
        succeeded(SetSecurityDescriptorControl(
            to,
            SE_DACL_PROTECTED,
            SE_DACL_PROTECTED,
        ))?;
        succeeded(SetKernelObjectSecurity(
            file.as_raw_handle(),
            DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
            to,
        ))
    }
}

fn succeeded(done: i32) -> io::Result<()> {
    match done {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// A `TOKEN_USER` with what it points to.
struct User([u64; ROOM]);

impl User {
    /// Who runs this process.
    fn current() -> io::Result<Box<Self>> {
        let mut token: HANDLE = ptr::null_mut();
        // The SID lies in the same memory, which must not move.
        let mut user = Box::new(Self([0; ROOM]));
        let room = u32::try_from(size_of_val(&user.0)).unwrap_or(0);
        let mut length = 0;
        // SAFETY: what is written to is as long as told; the token is closed once, after its use.
        unsafe {
            succeeded(OpenProcessToken(
                GetCurrentProcess(),
                TOKEN_QUERY,
                &mut token,
            ))?;
            let told = succeeded(GetTokenInformation(
                token,
                TokenUser,
                user.0.as_mut_ptr().cast(),
                room,
                &mut length,
            ));
            CloseHandle(token);
            told?;
        }
        Ok(user)
    }

    fn sid(&self) -> PSID {
        // SAFETY: `current` has filled it in, and it is aligned to 8 bytes.
        unsafe { (*self.0.as_ptr().cast::<TOKEN_USER>()).User.Sid }
    }
}

#[cfg(test)]
mod tests {
    use std::{ffi::c_void, os::windows::ffi::OsStrExt, path::Path};

    use windows_sys::Win32::{
        Foundation::{ERROR_SUCCESS, LocalFree},
        Security::{
            ACCESS_ALLOWED_ACE,
            Authorization::{ConvertSidToStringSidW, GetNamedSecurityInfoW, SE_FILE_OBJECT},
            GetAce,
        },
    };

    use super::*;

    /// The SIDs in the list of a file.
    pub(in super::super) fn who_may(path: &Path) -> Vec<String> {
        let name: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
        let (mut acl, mut descriptor): (*mut ACL, *mut c_void) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the name ends with 0; the list lives as long as its descriptor, freed at the end.
        unsafe {
            let done = GetNamedSecurityInfoW(
                name.as_ptr(),
                SE_FILE_OBJECT,
                DACL_SECURITY_INFORMATION,
                ptr::null_mut(),
                ptr::null_mut(),
                &mut acl,
                ptr::null_mut(),
                &mut descriptor,
            );
            assert_eq!(done, ERROR_SUCCESS);
            let all = (0..u32::from((*acl).AceCount)).map(|index| {
                let mut entry = ptr::null_mut();
                assert_ne!(GetAce(acl, index, &mut entry), 0);
                let entry: *mut ACCESS_ALLOWED_ACE = entry.cast();
                text((&raw mut (*entry).SidStart).cast())
            });
            let all = all.collect();
            LocalFree(descriptor);
            all
        }
    }

    /// The SID of the user.
    pub(in super::super) fn me() -> String {
        let user = User::current().unwrap();
        // SAFETY: it lives as long as `user`.
        unsafe { text(user.sid()) }
    }

    unsafe fn text(sid: PSID) -> String {
        let mut wide = ptr::null_mut();
        // SAFETY: the caller’s SID is one; the text ends with 0 and is freed after its use.
        unsafe {
            assert_ne!(ConvertSidToStringSidW(sid, &mut wide), 0);
            let length = (0..).take_while(|at| *wide.add(*at) != 0).count();
            let text = String::from_utf16_lossy(std::slice::from_raw_parts(wide, length));
            LocalFree(wide.cast());
            text
        }
    }
}

#[cfg(test)]
pub(super) use tests::{me, who_may};
