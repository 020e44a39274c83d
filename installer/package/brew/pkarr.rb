# Not yet run on a Mac. installer/build fills in the address of the sources and their checksum.
class Pkarr < Formula
  desc "Opens sites by public key in the browser you have"
  url "@URL@"
  sha256 "@SHA256@"
  license "MIT"

  depends_on "rust" => :build

  def install
    system "cargo", "install", "--profile", "dist", *std_cargo_args(path: "native-host")
    generate_completions_from_executable(bin/"pkarr", "completions")
    system bin/"pkarr", "man", buildpath/"man"
    man1.install Dir["man/*.1"]
  end

  # Keeps published and pinned keys published: brew services start pkarr
  service do
    run [opt_bin/"pkarr", "daemon"]
    keep_alive crashed: true
    log_path var/"log/pkarr.log"
    error_log_path var/"log/pkarr.log"
  end

  def caveats
    <<~TEXT
      Let your browsers find the program:
        pkarr install
      And before you remove it:
        pkarr uninstall
    TEXT
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/pkarr --version")
    system bin/"pkarr", "key", "new", testpath/"site.key"
    assert_match(/\A[a-z0-9]{52}$/, shell_output("#{bin}/pkarr key show #{testpath}/site.key"))
  end
end
