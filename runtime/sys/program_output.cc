#include "runtime/sys/program_output.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "runtime/base/unique_fd.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

struct Pipe {
  UniqueFd reads;
  UniqueFd writes;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return errno_error("pipe");
  return Pipe{.reads = UniqueFd(fds[0]), .writes = UniqueFd(fds[1])};
}

std::vector<std::string> own_environment() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  return environment;
}

}  // namespace

Result<ProgramOutput> run_program(const std::string& program,
                                  const std::vector<std::string>& arguments,
                                  std::string_view input,
                                  size_t max_bytes) {
  IK_LET(to_program, make_pipe());
  IK_LET(from_program, make_pipe());
  IK_LET(pid,
         spawn({.program = program,
                .arguments = arguments,
                .environment = own_environment(),
                .fds = {{to_program.reads.get(), STDIN_FILENO},
                        {from_program.writes.get(), STDOUT_FILENO}}}));
  from_program.writes.reset();
  // A program that ends without reading must not end us: we hold the other end until it is written.
  const Result<void> written = write_all(to_program.writes.get(), input);
  to_program.reads.reset();
  to_program.writes.reset();
  Result<std::string> text = read_fd(from_program.reads.get(), max_bytes);
  from_program.reads.reset();
  IK_LET(status, wait_for_child(pid));
  IK_TRY(Result<void>(written).context("write to {}", program));
  if (!text.has_value()) return std::move(text).context("output of {}", program).error();
  return ProgramOutput{.status = status, .text = std::move(text.value())};
}

}  // namespace ikada
