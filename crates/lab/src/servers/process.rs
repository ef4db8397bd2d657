//! A server's process: started on a free port of loopback, awaited, and ended whatever happens.

use std::{
    fs::{self, File},
    io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{family::Family, home::on_path, known::Ready};

/// A folder for what this run writes. It is removed with this value.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Result<Self> {
        let name = format!(
            "trunkline-servers-{}-{:08x}",
            std::process::id(),
            fastrand::u32(..)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A port of loopback that nobody listens on. Should another take it before the server does, the server
/// ends at once and its last words say so.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on loopback")?;
    Ok(listener.local_addr()?.port())
}

/// A running server. It ends with this value, also when a panic drops it.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
    pub(crate) port: u16,
    since: Instant,
}

/// The same command, started by a program that asks the kernel for a signal at our end and then becomes
/// it, so the process stays the same.
fn tied(command: Command) -> Command {
    let Some(setpriv) = on_path("setpriv") else {
        return command;
    };
    let mut tied = Command::new(setpriv);
    tied.args(["--pdeathsig", "TERM", "--"]);
    tied.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => tied.env(name, value),
            None => tied.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        tied.current_dir(folder);
    }
    tied
}

/// How long a server may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(10);

impl Running {
    /// Starts it; what it prints goes to `log`.
    ///
    /// It stays in our process group, so that what ends us from a terminal or by `timeout` ends it too.
    /// Where there is a `setpriv`, which Linux usually has, it ends with the thread that calls this, so
    /// that not even a program that is killed leaves it behind.
    pub(crate) fn start(command: Command, port: u16, log: PathBuf) -> Result<Self> {
        let mut command = tied(command);
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
        let since = Instant::now();
        Ok(Self {
            child,
            log,
            port,
            since,
        })
    }

    /// Waits until it answers as one that is ready, and says how long it took.
    pub(crate) async fn ready(&mut self, ready: Ready, patience: Duration) -> Result<Duration> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "it ended with {status} before it was ready; {}",
                    self.last_words()
                );
            }
            if self.answers(ready).await {
                return Ok(self.since.elapsed());
            }
            if self.since.elapsed() > patience {
                bail!(
                    "it was not ready within {patience:?}; {}",
                    self.last_words()
                );
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn answers(&self, ready: Ready) -> bool {
        let (path, wanted): (_, &[u8]) = match ready {
            Ready::Success(path) => (path, b"2"),
            Ready::Answer(path) => (path, b""),
        };
        let ask = async {
            let mut socket = TcpStream::connect(("127.0.0.1", self.port)).await?;
            let request =
                format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
            socket.write_all(request.as_bytes()).await?;
            let mut head = [0; 12];
            socket.read_exact(&mut head).await?;
            let status = head
                .strip_prefix(b"HTTP/1.1 ")
                .or_else(|| head.strip_prefix(b"HTTP/1.0 "));
            io::Result::Ok(status.is_some_and(|status| status.starts_with(wanted)))
        };
        matches!(timeout(Duration::from_secs(5), ask).await, Ok(Ok(true)))
    }

    /// The end of what it printed.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines
            .get(lines.len().saturating_sub(5)..)
            .unwrap_or_default();
        match last {
            [] => "it printed nothing".to_owned(),
            last => format!("its last words: {}", last.join(" | ")),
        }
    }

    /// Kills it and all that it has started, as a machine does that fails.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        let family = self.family()?;
        self.child.kill()?;
        family.kill();
        self.child.wait().map(drop)
    }

    /// What it has started, if it still runs.
    fn family(&mut self) -> io::Result<Family> {
        // Not waited for yet, so the number is still this process's.
        let pid = match self.child.try_wait()? {
            Some(_) => None,
            None => i32::try_from(self.child.id()).ok().and_then(Pid::from_raw),
        };
        Ok(pid.map(Family::of).unwrap_or_default())
    }

    /// Ends this process, and what it has started: asked first, so that it ends that itself.
    fn end(&mut self, patience: Duration) -> io::Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        let family = self.family()?;
        let status = self.end_alone(patience);
        family.kill();
        status
    }

    fn end_alone(&mut self, patience: Duration) -> io::Result<ExitStatus> {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let asked = Instant::now();
        while asked.elapsed() < patience {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.child.kill()?;
        self.child.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.end(PATIENCE) {
            eprintln!("the process {} may still run: {error}", self.child.id());
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::test_kill_process;

    use super::*;

    fn shell(script: &str) -> (Running, Scratch, Pid) {
        let scratch = Scratch::new().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let log = scratch.path().join("log");
        let running = Running::start(command, free_port().unwrap(), log).unwrap();
        let pid = Pid::from_raw(running.child.id().try_into().unwrap()).unwrap();
        (running, scratch, pid)
    }

    #[test]
    fn a_process_ends_with_its_value() {
        let (running, _scratch, pid) = shell("exec sleep 600");
        assert!(test_kill_process(pid).is_ok());
        drop(running);
        assert!(test_kill_process(pid).is_err());
    }

    #[test]
    fn a_process_ends_when_a_panic_drops_it() {
        let (running, _scratch, pid) = shell("exec sleep 600");
        let ended = thread::spawn(move || {
            let _running = running;
            panic!("a check that panics");
        });
        assert!(ended.join().is_err());
        assert!(test_kill_process(pid).is_err());
    }

    #[test]
    fn one_that_does_not_listen_is_ended_all_the_same() {
        let (mut running, _scratch, pid) =
            shell("trap '' TERM; echo up; while :; do sleep 0.1; done");
        while !running.last_words().contains("up") {
            thread::sleep(Duration::from_millis(10));
        }
        assert!(!running.end(Duration::from_millis(200)).unwrap().success());
        assert!(test_kill_process(pid).is_err());
    }

    #[test]
    fn a_process_does_not_outlive_who_forgets_it() {
        if on_path("setpriv").is_none() {
            return;
        }
        let starts = || {
            let (running, _scratch, _) = shell("echo up; exec sleep 600");
            while !running.last_words().contains("up") {
                thread::sleep(Duration::from_millis(10));
            }
            running
        };
        let mut running = thread::spawn(starts).join().unwrap();
        let asked = Instant::now();
        while running.child.try_wait().unwrap().is_none() {
            assert!(asked.elapsed() < PATIENCE, "it is still there");
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn one_that_is_killed_leaves_nobody_behind() {
        if !Path::new("/proc/self/stat").exists() {
            return;
        }
        let (mut running, _scratch, pid) = shell("sleep 600 & echo $!; exec sleep 600");
        let child = loop {
            let words = running.last_words();
            let number = words.rsplit(' ').next().and_then(|word| word.parse().ok());
            if let Some(child) = number.and_then(Pid::from_raw) {
                break child;
            }
            thread::sleep(Duration::from_millis(10));
        };
        running.kill().unwrap();
        assert!(test_kill_process(pid).is_err());
        // It is somebody else's to wait for now, and may be for a while what the kernel calls a zombie.
        let is_gone = || {
            let stat = fs::read_to_string(format!("/proc/{}/stat", child.as_raw_nonzero()));
            stat.map_or(true, |stat| stat.contains(") Z "))
        };
        let asked = Instant::now();
        while !is_gone() {
            assert!(asked.elapsed() < PATIENCE, "it is still there");
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[tokio::test]
    async fn one_that_fails_at_the_start_says_its_last_words() {
        let (mut running, scratch, _) = shell("echo no such model; exit 3");
        let error = running
            .ready(Ready::Success("/"), Duration::from_secs(60))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("no such model") && error.contains('3'),
            "{error}"
        );
        let path = scratch.path().to_owned();
        drop(scratch);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn one_that_never_answers_is_not_awaited_for_ever() {
        let (mut running, _scratch, _) = shell("exec sleep 600");
        let error = running
            .ready(Ready::Success("/"), Duration::from_millis(100))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("not ready within 100ms"), "{error}");
    }
}
