//! The program `pkarr`.

fn main() -> std::process::ExitCode {
    pkarr_host::cli::main()
}
