// `ikada-runtime monitor`: see runtime/monitor/options.h for how it is started.
//
// Three processes in one: as started it remembers its program and seals itself; sealed it creates
// and starts the container and reports; then it executes the program on disk again, with
// --continue, and stays beside the container.
#pragma once

namespace ikada {

// The program's whole command line; the caller has not sealed itself. Returns the exit status.
int run_monitor_command(int argc, char** argv);

}  // namespace ikada
