//! What a process takes, from /proc.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// Clock ticks per second in /proc, the same on every Linux that this runs on.
const TICKS_PER_SECOND: u64 = 100;

/// What a process takes at the moment.
#[derive(Debug, Clone, Copy)]
pub struct Footprint {
    /// Resident memory, in KiB.
    pub memory_kib: u64,
    /// Resident memory with what it shares with others counted by parts, in KiB.
    pub proportional_kib: u64,
    /// Resident memory at its highest, in KiB.
    pub peak_kib: u64,
    /// Threads.
    pub threads: u64,
    /// TCP connections that it opened or accepted.
    pub connections: u64,
}

impl Footprint {
    /// Of the process `pid`.
    ///
    /// # Errors
    /// There is none, or it is another user's.
    pub fn of(pid: u32) -> anyhow::Result<Self> {
        let status = format!("/proc/{pid}/status");
        Ok(Self {
            memory_kib: field(&status, "VmRSS:")?,
            proportional_kib: field(&format!("/proc/{pid}/smaps_rollup"), "Pss:")?,
            peak_kib: field(&status, "VmHWM:")?,
            threads: field(&status, "Threads:")?,
            connections: connections(pid)?,
        })
    }
}

/// The number behind a name in a file of /proc.
fn field(file: &str, name: &str) -> anyhow::Result<u64> {
    let text = fs::read_to_string(file)?;
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("{file} has no {name}"))
}

/// Processor time of a process and everything below it so far, what has ended included.
///
/// # Errors
/// There is no such process.
pub fn cpu_of_family(pid: u32) -> anyhow::Result<Duration> {
    let mut times = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // It may have ended meanwhile.
        if let Some(times_of_one) = times_of(pid) {
            times.insert(pid, times_of_one);
        }
    }
    let top = times
        .get(&pid)
        .with_context(|| format!("there is no process {pid}"))?;
    let mut ticks = top.own + top.ended_children;
    for (child, child_times) in &times {
        let mut above = child_times.parent;
        let mut steps = 0;
        while *child != pid && above != pid && steps < 64 {
            let Some(next) = times.get(&above) else { break };
            above = next.parent;
            steps += 1;
        }
        if *child != pid && above == pid {
            ticks += child_times.own + child_times.ended_children;
        }
    }
    Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

/// Processor time of this process so far, without its children.
///
/// # Errors
/// /proc cannot be read.
pub fn cpu_of_self() -> anyhow::Result<Duration> {
    let times = times_of(std::process::id()).context("/proc/self/stat is not readable")?;
    Ok(Duration::from_millis(times.own * 1_000 / TICKS_PER_SECOND))
}

#[derive(Debug)]
struct Times {
    parent: u32,
    own: u64,
    ended_children: u64,
}

fn times_of(pid: u32) -> Option<Times> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it may hold spaces and brackets.
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    // Numbers of proc(5), less the three before.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Times {
        parent: fields.get(1)?.parse().ok()?,
        own: number(14)? + number(15)?,
        ended_children: number(16)? + number(17)?,
    })
}

/// Established TCP connections among the open files of a process.
fn connections(pid: u32) -> anyhow::Result<u64> {
    let mut established = HashSet::new();
    for table in ["tcp", "tcp6"] {
        let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields.get(3) == Some(&"01") {
                established.extend(fields.get(9).map(|inode| format!("socket:[{inode}]")));
            }
        }
    }
    let mut count = 0;
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        let target = fs::read_link(entry?.path());
        if target.is_ok_and(|target| established.contains(target.to_string_lossy().as_ref())) {
            count += 1;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn this_process_is_seen_with_its_connections() {
        let pid = std::process::id();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let before = Footprint::of(pid).unwrap();
        let _out = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let _in = listener.accept().unwrap();
        let after = Footprint::of(pid).unwrap();
        assert!(
            after.connections >= before.connections + 2,
            "{before:?} {after:?}"
        );
        assert!(after.threads >= 1 && after.peak_kib >= after.memory_kib / 2);
        assert!(after.proportional_kib > 0 && after.proportional_kib <= after.peak_kib * 2);
        // In this order: time goes on between the two.
        let own = cpu_of_self().unwrap();
        assert!(cpu_of_family(pid).unwrap() >= own);
    }
}
