//! What evaluation may take: `--max-memory`, `--max-time`. Only the command line and the user's environment raise
//! it; nothing that is evaluated does.

use std::time::Duration;

use crate::nix::eval::{Settings, parse_size};

/// Memory of commands that look at other people's work, in bytes, unless told otherwise: the default catalogue takes
/// a twentieth of it.
const MEMORY: usize = 4 << 30;
/// Their time: the default catalogue takes a hundredth of it.
const TIME: Duration = Duration::from_secs(600);
/// Each part of the work, one package or one override, may take this part of the time.
const PARTS: u32 = 10;

/// Options of everything that evaluates.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Limits {
    /// Memory that evaluation may take: MiB, or a number with K, M or G [default: 4G; eval: most of what is free]
    #[arg(long, value_name = "SIZE", env = "PGFLAKEGEN_MAX_MEMORY", value_parser = parse_size)]
    pub max_memory: Option<usize>,
    /// Seconds that evaluation may take in all, and a tenth of them for each package or override
    /// [default: 600; eval: no limit]
    #[arg(long, value_name = "SECONDS", env = "PGFLAKEGEN_MAX_TIME", value_parser = seconds)]
    pub max_time: Option<Duration>,
}

impl Limits {
    /// For what the user wrote or named: as much as the machine has.
    pub(super) fn free(&self, settings: &mut Settings) {
        let free = free_memory().map_or(usize::MAX, |bytes| bytes / 10 * 9);
        settings.max_memory = self.max_memory.unwrap_or(free);
        settings.max_time = self.max_time;
        settings.max_part_time = self.max_time;
    }

    /// For what others may have written.
    pub(super) fn bounded(&self, settings: &mut Settings) {
        self.free(settings);
        if self.max_memory.is_none() {
            settings.max_memory = settings.max_memory.min(MEMORY);
        }
        let time = self.max_time.unwrap_or(TIME);
        settings.max_time = Some(time);
        settings.max_part_time = Some(time / PARTS);
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.trim_end_matches('s').parse().map_err(|error| format!("{error}"))?;
    match number > 0.0 {
        true => Duration::try_from_secs_f64(number).map_err(|error| error.to_string()),
        false => Err("nothing can be evaluated in no time".to_owned()),
    }
}

/// Bytes of memory that a process can still take before the kernel ends one; `None` where that is
/// not known.
fn free_memory() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let field = |name: &str| -> Option<usize> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<usize>().ok()?.checked_mul(1024)
    };
    let machine = field("MemAvailable")?.saturating_add(field("SwapFree").unwrap_or(0));
    // A container's own limit, as cgroups of both versions have it.
    let number = |file: &str| std::fs::read_to_string(file).ok()?.trim().parse::<usize>().ok();
    let group = |limit: &str, used: &str| Some(number(limit)?.saturating_sub(number(used)?));
    let limits = [
        group("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        group("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ];
    Some(limits.into_iter().flatten().fold(machine, usize::min))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(seconds("90"), Ok(Duration::from_secs(90)));
        assert_eq!(seconds("0.5s"), Ok(Duration::from_millis(500)));
        for wrong in ["", "0", "-1", "inf", "nan", "1m"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_the_user_raises_them() {
        let mut settings = Settings::default();
        Limits::default().bounded(&mut settings);
        assert!(settings.max_memory <= MEMORY);
        assert_eq!((settings.max_time, settings.max_part_time), (Some(TIME), Some(TIME / 10)));
        let more = Limits { max_memory: Some(MEMORY * 2), max_time: Some(TIME * 2) };
        more.bounded(&mut settings);
        assert_eq!((settings.max_memory, settings.max_part_time), (MEMORY * 2, Some(TIME / 5)));
    }
}
