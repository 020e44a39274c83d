//! Threads for work that gives way to answers.
//!
//! What is in memory is answered in microseconds; a lookup in the DHT is dozens of datagrams each
//! way, and a flood of lookups as many thousands a second as the processors allow. On the same
//! threads answers would wait behind them. So the DHT has a thread of its own, and where the system
//! can tell threads apart it gets about a tenth of a processor that others want.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// How much less urgent than the rest this is, in the system's terms (`nice`, of 19).
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// A runtime for work that gives way. Ends with it, without waiting.
#[derive(Debug)]
pub struct Behind {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Behind {
    /// Starts its thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("behind")
            .on_thread_start(give_way)
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    /// What work is given to it by.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Makes this thread less urgent. On Linux, against POSIX, this holds for a thread; elsewhere it would
/// for the whole program.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};
        let given = getpriority_process(None).and_then(|own| setpriority_process(None, own + NICE));
        if let Err(error) = given {
            tracing::debug!(%error, "lookups are as urgent as answers");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn its_work_gives_way_and_nobody_elses() {
        let urgency = || rustix::process::getpriority_process(None).unwrap();
        let ours = urgency();
        let behind = Behind::start().unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        behind.handle().spawn(async move { tell.send(urgency()) });
        assert_eq!(told.recv().unwrap(), (ours + NICE).min(19));
        assert_eq!(urgency(), ours);
    }
}
