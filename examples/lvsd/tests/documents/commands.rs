//! What the documents tell to type in has been typed in: here, or by a script or test that is named.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use lvsd::lab::network::Network;
use lvsd::namespace::Namespace;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{documents, root};

/// Commands that the tests of this file run as they stand.
const CHECK: &str = "cargo run --release -p lvsd -- check --config keepalived.conf";
const DAEMONS: [&str; 2] = [
    "lvsd run --iface eth0 --rules services --vrid 51 --priority 150",
    "lvsd vrrp --iface eth0 --vrid 51 --priority 100 --version 3 --advert-cs 100 \
     --vip 192.0.2.100/24 --manage-vip",
];

/// The other commands; the script or test that runs each, and the words in it that do.
const ELSEWHERE: &str = include_str!("commands.txt");

/// What a command begins with, after settings of the environment.
const PROGRAMS: [&str; 12] = [
    ".ci/",
    "apt-get ",
    "build/director ",
    "cargo ",
    "cc ",
    "cd ",
    "examples/firmware/build",
    "export ",
    "lvsd ",
    "make ",
    "meson ",
    "test/run.py ",
];

/// `.ci/run` installs what is to be installed by hand.
const INSTALL: &str = "apt-get install ";

fn is_command(text: &str) -> bool {
    let is_setting = |word: &str| word.contains('=') && word.starts_with(char::is_uppercase);
    let mut rest = text;
    while let Some((word, after)) = rest.split_once(' ') {
        if !is_setting(word) {
            break;
        }
        rest = after;
    }
    PROGRAMS.iter().any(|program| rest.starts_with(program))
}

/// The commands of a document, one to a line, single-spaced and without comments: all of each block
/// of `sh`, and what looks like one in the prose.
fn commands(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let mut commands = Vec::new();
    for (index, part) in text.split("```").enumerate() {
        if index % 2 == 0 {
            let spans = part.split('`').skip(1).step_by(2).map(single_spaced);
            commands.extend(spans.filter(|span| is_command(span)));
            continue;
        }
        let (language, block) = part.split_once('\n').unwrap();
        assert!(!language.is_empty(), "{}: a block in no language:\n{block}", path.display());
        let lines = block.replace("\\\n", " ");
        let lines = lines.lines().map(|line| single_spaced(without_comment(line)));
        let is_shell = language == "sh";
        commands.extend(lines.filter(|line| {
            assert!(is_shell || language != "text" || !is_command(line), "not in sh: {line}");
            is_shell && !line.is_empty()
        }));
    }
    commands
}

fn without_comment(line: &str) -> &str {
    if line.starts_with('#') { "" } else { line.split(" # ").next().unwrap_or(line) }
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Command, file, words in the file.
fn elsewhere() -> BTreeMap<String, (&'static str, &'static str)> {
    let lines = ELSEWHERE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows = lines.map(|line| {
        let fields: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [command, file, words] = fields[..] else { panic!("commands.txt: {line}") };
        (command.to_owned(), (file, words))
    });
    rows.collect()
}

#[test]
fn every_command_is_run_by_something() {
    let mut listed = elsewhere();
    let mut unrun = Vec::new();
    let mut seen = Vec::new();
    for document in documents() {
        for command in commands(&document) {
            let is_here = command == CHECK || DAEMONS.contains(&command.as_str());
            if !is_here && !command.starts_with(INSTALL) && !listed.contains_key(&command) {
                unrun.push(format!("{}: {command}", document.display()));
            }
            seen.push(command);
        }
    }
    assert!(unrun.is_empty(), "neither run here nor in commands.txt: {unrun:#?}");
    for command in DAEMONS.iter().chain([&CHECK]) {
        assert!(seen.iter().any(|other| other == command), "in no document: {command}");
    }
    listed.retain(|command, _| !seen.contains(command));
    assert!(listed.is_empty(), "in no document: {listed:#?}");
}

#[test]
fn what_runs_the_others_does() {
    for (command, (file, words)) in elsewhere() {
        let text = fs::read_to_string(root().join(file)).unwrap_or_else(|_| panic!("no {file}"));
        assert!(single_spaced(&text).contains(words), "{file} does not `{words}`, for `{command}`");
    }
}

#[test]
fn packages_to_install_are_there_in_ci() {
    let script = fs::read_to_string(root().join(".ci/run")).unwrap();
    let (_, packages) = script.split_once("packages=(").unwrap();
    let (packages, _) = packages.split_once(')').unwrap();
    let packages: Vec<&str> = packages.split_whitespace().collect();
    for document in documents() {
        for command in commands(&document) {
            let Some(wanted) = command.strip_prefix(INSTALL) else { continue };
            for package in wanted.split(' ') {
                assert!(packages.contains(&package), "{}: {package}", document.display());
            }
        }
    }
}

/// A folder with the files that the commands name, written once: several read them at a time.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("documents");
    fs::create_dir_all(&folder).unwrap();
    let conf = root().join("examples/lvsd/tests/keepalived_conf/ipv6.conf");
    fs::copy(conf, folder.join("keepalived.conf")).unwrap();
    let rules = "-A -t 192.0.2.100:80 -s rr\n-a -t 192.0.2.100:80 -r 192.0.2.11 -g\n";
    fs::write(folder.join("services"), rules).unwrap();
    folder
});

/// The command with the `lvsd` of this build in place of the one that it names.
fn lvsd(command: &str) -> Command {
    let arguments =
        command.strip_prefix("cargo run --release -p lvsd --").or(command.strip_prefix("lvsd"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_lvsd"));
    command.args(arguments.unwrap().split_whitespace()).current_dir(&*FOLDER);
    command.stdout(Stdio::piped());
    command
}

#[test]
fn the_check_reports_every_keyword() {
    let output = lvsd(CHECK).output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{report}");
    assert!(report.contains("\nkeepalived.conf:"), "{report}");
}

/// The daemons become Active on an interface of that name, and end when they are told to.
#[test]
fn the_daemons_serve() {
    if let Err(error) = Namespace::new() {
        let obstacle = format!("network namespaces need root: {error:#}");
        assert!(std::env::var_os("LVS_REQUIRE_ALL").is_none(), "{obstacle}");
        let _ = writeln!(std::io::stderr(), "skipped: {obstacle}");
        return;
    }
    let mut network = Network::new().unwrap();
    for (command, last) in DAEMONS.iter().zip(1..) {
        let host = network.add_host(&[([192, 0, 2, last].into(), 24)]).unwrap();
        let mut child = host.run(|| Ok(lvsd(command).spawn()?)).unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let is_active = output.lines().map_while(Result::ok).any(|line| line.contains("MASTER"));
        end(child);
        assert!(is_active, "{command}");
    }
}

fn end(mut child: Child) {
    let process = Pid::from_raw(child.id().try_into().unwrap());
    kill(process, Signal::SIGTERM).unwrap();
    assert!(child.wait().unwrap().success());
}
