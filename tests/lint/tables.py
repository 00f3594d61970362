"""The house rules as tables. The checks in checks.py read them; nothing else states them."""

import re

# Room -> (namespace its headers open, rooms or single headers it may include). An arrow goes down only; a file belongs
# to the room with the longest matching folder. "*" = every room.
ROOMS = {
    "gateway/model": ("metergate", ()),
    "config/schema": ("metergate::schema", ("gateway/model",)),
    "gateway/metering": ("metergate::metering", ("gateway/model", "config/schema")),
    "gateway/record": (
        "metergate::record", ("gateway/model", "config/schema", "gateway/metering")),
    "gateway/control": ("metergate::control", ("gateway/model", "config/schema")),
    "config": ("metergate::config", ("gateway/model", "config/schema")),
    "southbound": ("metergate::southbound", ("gateway/model", "config/schema")),
    "southbound/modbus": (
        "metergate::southbound::modbus", ("gateway/model", "config/schema", "southbound")),
    "southbound/gateway": ("metergate::southbound::gateway", ("gateway/model", "southbound")),
    "storage": (
        "metergate::storage",
        ("gateway/model", "config/schema", "gateway/metering", "gateway/record")),
    "northbound": ("metergate::northbound", ("gateway/model", "config/schema", "gateway/record")),
    "northbound/access": ("metergate::northbound::access", ("gateway/model",)),
    "northbound/formats": (
        "metergate::northbound::formats", ("gateway/model", "config/schema", "northbound")),
    "northbound/transfer": ("metergate::northbound::transfer", ("gateway/model",)),
    "northbound/mqtt": (
        "metergate::northbound::mqtt",
        ("gateway/model", "config/schema", "gateway/record", "northbound", "northbound/access")),
    "northbound/webhook": (
        "metergate::northbound::webhook",
        ("gateway/model", "config/schema", "gateway/record", "northbound", "northbound/access",
         "northbound/transfer")),
    "northbound/receiver": (
        "metergate::northbound::receiver",
        ("gateway/model", "config/schema", "gateway/record", "northbound")),
    "plc": ("metergate::plc", ("gateway/model", "config/schema", "southbound")),
    "gateway/app": (
        "metergate::app",
        ("gateway/model", "config/schema", "gateway/metering", "gateway/record", "gateway/control",
         "config", "southbound", "southbound/gateway", "southbound/modbus", "storage", "northbound",
         "northbound/formats", "northbound/mqtt", "northbound/webhook", "northbound/receiver", "plc")),
    # The simulated building encodes registers from its own table: bugs shared with the profiles
    # and the frame parser would cancel. Of the gateway it knows the interface of a wire, no more.
    "tests/building": (
        "metergate::building",
        ("gateway/model", "config/schema", "southbound", "southbound/modbus/transport.hpp")),
    "tests": (None, ("*",)),
}

# Third-party header (a prefix of its path) -> folders or files that may include it, in .cpp files
# only. What is not listed is refused.
TESTS_CPP = "tests"
THIRD_PARTY = {
    "boost/json": ("config/schema", TESTS_CPP),
    "boost/asio": ("gateway/app", "tests/unit/app"),
    "boost/beast": (),
    "boost/system": ("gateway/model/result.hpp",),
    "sqlite3.h": ("storage", TESTS_CPP),
    "modbus.h": ("southbound/modbus",),
    "modbus/": ("southbound/modbus",),
    "mqtt/": ("northbound/mqtt", "tests/unit/northbound"),
    "MQTTAsync.h": ("northbound/mqtt",),
    "curl/": ("northbound/transfer",),
    "zlib.h": ("northbound/webhook", "tests/unit/northbound"),
    "systemd/": ("gateway/app",),
    "CLI/": ("gateway/app", "tests/building", "tests/bench"),
    "spdlog/": ("gateway/app",),
    "openssl/": ("config", "config/schema", "storage", "northbound/mqtt", "northbound/webhook"),
    "date/": ("gateway/metering", "tests/building", "tests/unit/metering"),
    "fmt/": ("gateway", "config", "southbound", "storage", "northbound", "plc", "tests"),
    "gtest/": (TESTS_CPP,),
    "gmock/": (TESTS_CPP,),
    "benchmark/": ("tests/bench",),
}
# Headers (not only sources) that may include third-party code.
THIRD_PARTY_HEADERS = ("gateway/model/result.hpp", "tests/scenario/", "tests/support/", "tests/unit/")

# Headers of the operating system: any <x.h> or <x/y.h> that is not third-party. .cpp files only.
SYSTEM_HEADER_ROOMS = (
    "southbound/modbus", "config", "storage", "gateway/control", "gateway/app", "northbound/mqtt",
    "northbound/access", "northbound/transfer", "plc", "tests")


class Ban:
    """A call that is not made here: `pattern` in code (comments and strings do not count), except
    in files whose path starts with one of `allowed`; `instead` says what to write."""

    def __init__(self, name, pattern, allowed, instead, headers_only=False):
        self.name = name
        self.pattern = re.compile(pattern)
        self.allowed = tuple(allowed)
        self.instead = instead
        self.headers_only = headers_only


SYSTEM_CLOCK = "gateway/model/system_clock.cpp"
THREAD_PLACES = ("gateway/app/", "tests/system/", "tests/building/main", "tests/unit/model/queue_",
                 "tests/unit/app/")

BANS = [
    Ban("clock-now", r"\b\w+_clock::now\b", [SYSTEM_CLOCK], "take a Clock& (gateway/model/clock.hpp)"),
    Ban("clock-call", r"\b(clock_gettime|gettimeofday|ftime|timespec_get)\s*\(", [SYSTEM_CLOCK],
        "take a Clock& (gateway/model/clock.hpp)"),
    Ban("clock-time", r"(?<![\w.>])(std\s*::\s*|::\s*)?time\s*\(\s*(nullptr|NULL|0|&\s*\w+)\s*\)",
        [SYSTEM_CLOCK], "take a Clock& (gateway/model/clock.hpp)"),
    Ban("local-time", r"\b(localtime(_r)?|mktime|tzset|ctime(_r)?|asctime)\s*\(", [],
        "use the zone rules in gateway/metering; the process has no time zone"),
    Ban("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep|clock_nanosleep)\b"
        r"|(?<![\w.>])(::\s*)?sleep\s*\(", [],
        "make it stepped: do what is due and return the Instant of the next run"),
    Ban("thread", r"\bstd\s*::\s*(jthread|thread|async)\b|\bpthread_create\b", THREAD_PLACES,
        "threads are started in gateway/app; make it stepped"),
    Ban("thread-detach", r"[.>]\s*(detach\s*\(\s*\)|pthread_detach)|\bpthread_detach\b", [],
        "join every thread: it must end within 2 s of a stop request"),
    Ban("thread-local", r"\bthread_local\b", [], "pass the object; there are no globals"),
    Ban("console", r"\bstd\s*::\s*(cout|cerr|clog)\b"
        r"|(?<!\w)(printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|perror)\s*\("
        r"|\bfmt\s*::\s*print\b",
        ["gateway/app/", "tests/", "gateway/model/result.cpp", "southbound/profile_check.cpp"],
        "return an Error or an Event; only gateway/app speaks"),
    Ban("exit", r"(?<![\w.>])(std\s*::\s*|::\s*)?(exit|_exit|_Exit|quick_exit)\s*\(",
        ["gateway/app/", "tests/"], "return a Result; only main decides the exit status"),
    Ban("new", r"(?<!>\()\bnew\b(?!\s*\(\s*std::nothrow)\s*[A-Za-z_:(]", [], "use std::make_unique, or std::unique_ptr<T>(new T(...)) for a private constructor"),
    Ban("delete", r"(?<!=)(?<!= )\bdelete\b\s*(\[\s*\])?\s*[A-Za-z_*(:]", [],
        "use std::unique_ptr, with a deleter for C handles"),
    Ban("malloc", r"(?<!\w)(malloc|calloc|realloc|strdup)\s*\(", [], "use a container"),
    Ban("using-namespace", r"\busing\s+namespace\b", [], "write the names, or an alias in the .cpp file",
        headers_only=True),
    Ban("singleton", r"\bstatic\s+[\w:]+\s*&\s*(instance|get_instance|shared)\s*\(", [],
        "build the object in gateway/app and pass it"),
    Ban("random", r"(?<!\w)s?rand\s*\(", [], "pass a seeded std::mt19937_64"),
    Ban("loose-number", r"(?<!\w)(ato[ifl]|atoll|strto(d|f|l|ll|ul|ull)|sto(i|l|ll|ul|ull|f|d))\s*\(", [],
        "use std::from_chars and check all of the text was used"),
    Ban("unbounded-text", r"(?<!\w)(v?sprintf|strcpy|strcat|gets)\s*\(", [], "use fmt::format or std::string"),
    Ban("shell", r"(?<![\w.>])(std\s*::\s*|::\s*)?(system|popen)\s*\(\s*[\"\w]", ["tests/unit/northbound/"],
        "call the library, or exec without a shell"),
    Ban("getenv", r"\bgetenv\s*\(", ["gateway/app/", "tests/"], "make it a setting"),
    Ban("locale", r"\b(setlocale|std\s*::\s*locale)\b", [], "numbers and dates in files have one form"),
]


def spliced(*parts):
    """A pattern whose words do not stand in this file, so that it does not report itself."""
    return re.compile("".join(parts))


# Words that do not belong in any file of the project: name -> (pattern, message).
WORDS = {
    "left-over": (spliced(r"\b(TO", r"DO|FIX", r"ME|X", r"XX|HA", r"CK)\b"),
                  "finish it, or write down the limit in plain words"),
    "machine-path": (spliced(r"(?<![\w.}])/(wo", r"rk|ho", r"me/[a-z][\w-]*|ro", r"ot|Us", r"ers)/"),
                     "a path of somebody's machine; make it relative or a setting"),
    "registry": (spliced(r"\b(pypi\.", r"org|files\.python", r"hosted\.org|registry\.", r"npmjs\.org"
                         r"|registry\.", r"yarnpkg\.com|crates\.", r"io|proxy\.golang\.", r"org"
                         r"|rubygems\.", r"org|deb\.debian\.", r"org|archive\.ubuntu\.", r"com"
                         r"|center\.", r"conan\.io|repo1?\.maven", r"[\w.]*)\b"),
                 "which package source is used is the machine's business"),
    "workplace": (spliced(r"(?i:\bcl", r"aude\b|\banth", r"ropic\b|\bchat", r"gpt\b|\bai ass", r"istant\b"
                          r"|\bdesign", r"\.md\b|\bthe design", r" page\b)|(?<!\d )\b[Ii]ssue #", r"?\d+\b"),
                  "the project speaks of the product, not of how it was made"),
}

# A suppressed clang-tidy warning names its check and gives a reason after a colon.
SUPPRESSION = spliced(r"NO", r"LINT(NEXTLINE|BEGIN|END)?(?P<rest>.*)")
SUPPRESSION_REASON = re.compile(r"\([a-z0-9.,* -]+\)\s*:\s*\S.{8,}")

TOP_LEVEL = {
    "gateway", "config", "southbound", "northbound", "storage", "plc", "deploy", "tests", "docs",
    "CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", "CHANGELOG.md",
    ".ci", ".clang-format", ".clang-tidy", ".gitignore",
}
# What a working copy may hold beside the project; .gitignore names the same.
UNTRACKED = {".git", "build", "__pycache__", ".cache", ".idea", ".vscode"}

MAX_LINES = 500
CPP_SUFFIXES = (".cpp", ".hpp")
FOREIGN_CPP_SUFFIXES = (".c", ".cc", ".cxx", ".h", ".hh", ".hxx", ".ipp")
