#include "runtime/monitor/hand_over.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 20;

// The members of RunningContainer that are descriptors, by the name they have in the JSON.
constexpr std::pair<const char*, UniqueFd RunningContainer::*> kDescriptors[] = {
    {"stdin_fd", &RunningContainer::stdin_fd},
    {"stdout_fd", &RunningContainer::stdout_fd},
    {"stderr_fd", &RunningContainer::stderr_fd},
    {"terminal_fd", &RunningContainer::terminal_fd},
    {"listen_fd", &RunningContainer::listen_fd},
    {"first_client", &RunningContainer::first_client},
};

Result<void> set_close_on_exec(int fd, bool on) {
  if (::fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) != 0) return errno_error("descriptor {}", fd);
  return {};
}

Result<void> adopt(JsonReader& reader, const char* name, UniqueFd& out) {
  std::int32_t fd = -1;
  reader.read(name, fd);
  if (fd < 0) return {};
  IK_TRY(set_close_on_exec(fd, true));
  out.reset(fd);
  return {};
}

}  // namespace

Result<UniqueFd> save_hand_over(const HandOver& state) {
  Json json{{"options", to_json(state.options)},
            {"pid", state.container.pid},
            {"cgroup_path", state.container.cgroup_path},
            {"held", Json::array()}};
  for (const auto& [name, member] : kDescriptors) {
    const UniqueFd& fd = state.container.*member;
    json[name] = fd.get();
    if (fd) IK_TRY(set_close_on_exec(fd.get(), false));
  }
  for (const UniqueFd& fd : state.held) {
    json["held"].push_back(Json{{"fd", fd.get()}});
    IK_TRY(set_close_on_exec(fd.get(), false));
  }
  UniqueFd file(::memfd_create("ikada-monitor", MFD_CLOEXEC));
  if (!file) return errno_error("memfd_create");
  IK_TRY(set_close_on_exec(file.get(), false));
  IK_TRY(write_all(file.get(), json.dump()));
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return errno_error("lseek");
  return file;
}

Result<HandOver> load_hand_over(UniqueFd fd) {
  IK_LET(text, read_fd(fd.get(), kMaxBytes));
  IK_LET(json, parse_json(text));
  HandOver state;
  JsonReader reader(json, "monitor state");
  for (const auto& [name, member] : kDescriptors) {
    IK_TRY(adopt(reader, name, state.container.*member));
  }
  for (JsonReader& each : reader.objects("held")) {
    IK_TRY(adopt(each, "fd", state.held.emplace_back()));
  }
  reader.require("pid", state.container.pid);
  reader.require("cgroup_path", state.container.cgroup_path);
  const Json* options = reader.find("options");
  if (options == nullptr) reader.fail("options", "missing");
  IK_TRY(reader.done());
  IK_LET(parsed, parse_monitor_options(*options));
  state.options = std::move(parsed);
  return state;
}

Error execute_program(int program_fd, const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
  argv.push_back(nullptr);
  ::execveat(program_fd, "", argv.data(), environ, AT_EMPTY_PATH);
  return errno_error("execute the monitor's loop");
}

}  // namespace ikada
