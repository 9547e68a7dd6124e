"""The wall round connector code, and the log of what was tried before it looked like this.

A connector is a stranger's program. It is compiled and run in a child process that has locked itself in; what it may
ask goes over one channel to the host, which answers with HTTP it makes itself and takes records, checkpoints and log
lines.

How it is built: `host` asks the zygote (`forker`, `forking`, `zygote`) for a child; the child (`child`) takes its own
rights away (`kernel`: `lockdown`, `namespaces`, `landlock`, `seccomp`), says which layers were applied, compiles the
connector under the policy and loads it with façades for modules (`language`: `policy`, `compile`, `guards`, `loader`,
`facade`, `modules`), and runs the route on ports that speak the protocol (`bench`, `ports`, `protocol`, `channel`).
`turn` is one call as the host sees it: `opening` and `answering` speak, `kernel.processor` watches the clock, `endings`
decides how the run ended. `kernel.cgroup` makes a memory group for each child, `warm` keeps children between the
webhooks of one connection, `concurrency` says how many runs a machine bears, and `probe` proves the wall by attacking
it. `broker` makes the HTTP that a child asks for.

What was tried, and what came of it:

* *RestrictedPython alone.* Its own documentation says that it is no sandbox. Each of pydantic's `parse_raw`, string
  annotations, raw modules (`json.codecs.builtins.open`) and exception attributes was a way out. It stays as the
  second line, because it refuses early, with a line number, what the kernel would refuse late with a dead process.
* *Stock guards on every attribute and item.* Mapping code became 6.5 times slower. The name in `a.b` is a literal:
  vetted when compiling it costs nothing at run time. What cannot be vetted then goes through a guard; façades and the
  sealing of pydantic replace what the guard would have seen.
* *RestrictedPython's own class statement.* It puts a metaclass function of its own in and drops class keywords
  without a word, which breaks enums and `class A(B, frozen=True)`. Classes are plain; `metaclass=` is refused.
* *Guarding unpacking, iteration and calls.* Those guards exist for per-item access rights, which nothing here has:
  dropped, and with them the hole that list targets were never guarded.
* *A guarded `__import__` that refuses what it does not know.* `strptime` stopped working: C code imports through the
  builtins of the frame that called it. It passes a list of names, which no import statement does, and takes the
  module from `sys.modules` itself, so it is answered with nothing.
* *Landlock without seccomp*: 16 of 77 attacks got through. *rlimits only*: 47 of 69. *seccomp with rlimits*: none;
  the other layers stand behind it, each shown by the tests to hold what it holds.
* *Packages for seccomp, Landlock and namespaces.* Stale or very young, and together they are 150 lines of ctypes.
* *A fresh interpreter per run*: 150 to 430 ms. *fork from the worker*: inherits its secrets, sockets and locks. The
  zygote is exec'd with an empty environment before anything is known to it, and a fork of it is ready in about 8 ms.
* *A network namespace per run*: milliseconds to tear down for a child that cannot make a socket anyway. The zygote
  enters one for good; only the process-id namespace is a child's own.
* *RLIMIT_CPU alone.* Whole seconds, counted in ticks, and process 1 of a pid namespace ignores SIGXCPU. The host holds
  the limit: it never waits longer than what is left, then reads the child's processor clock, which any process may. The
  kernel's limit lies a second above, for a child that computes while its host is busy, and both its ends are equal.
* *The host putting a child into its memory group.* It waits until the kernel has seen all other processes standing
  still, 5 to 15 ms each time. The host opens the group's file, and the child writes itself in: 40 µs.
* *A child of its own for every webhook.* 10 ms of fork, lock, compile and load for 0.2 ms of work. One that is kept
  first repeats a random word of the call it turns to: what it said before it heard that word is not of that call.
* *Parent-death signals for the zygote.* They follow the thread that forked, not the process: a worker whose thread
  ended killed its zygote. The zygote watches its socket instead; its children, forked by its only thread, have the
  signal.
* *orjson for everything.* It writes NaN as null without a word and reserves eight times the length of a text, which
  uses the address space up unseen; both are caught in `encode`.
"""
