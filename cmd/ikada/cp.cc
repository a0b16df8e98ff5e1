#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/container_root.h"
#include "cluster/engine/path_copy.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

struct CpOptions {
  std::string source;
  std::string target;
  bool archive = false;
  bool follow = false;
  bool quiet = false;
};

// "web:/etc/hosts", "/etc/hosts", "-".
struct Side {
  std::string container = {};  // Empty: this host.
  std::string path = {};
};

// A path that begins with "/" or "." is this host's, whatever colons are in it.
Side parse_side(const std::string& text) {
  const Cut parts = cut(text, ':');
  if (!parts.found || text.starts_with('/') || text.starts_with('.')) return {.path = text};
  const std::string path(parts.after);
  return {.container = std::string(parts.before),
          .path = path.starts_with('/') ? path : '/' + path};
}

Result<std::string> absolute_path(const std::string& path) {
  if (path.starts_with('/')) return path;
  std::array<char, PATH_MAX> directory{};
  if (::getcwd(directory.data(), directory.size()) == nullptr) return errno_error("getcwd");
  return fmt::format("{}/{}", directory.data(), path);
}

// The person who called us through sudo gets the files, as docker's user does.
CopyRules::Owner caller() {
  const auto number = [](const char* name, std::uint32_t otherwise) {
    const char* text = ::getenv(name);
    if (text == nullptr) return otherwise;
    return static_cast<std::uint32_t>(parse_unsigned(text, UINT32_MAX - 1).value_or(otherwise));
  };
  return {.uid = number("SUDO_UID", ::getuid()), .gid = number("SUDO_GID", ::getgid())};
}

Result<TarReader> read_stdin() {
  auto buffer = std::make_shared<std::vector<char>>(size_t{256} << 10);
  return TarReader::create([buffer]() -> Result<std::span<const char>> {
    while (true) {
      const ssize_t got = ::read(STDIN_FILENO, buffer->data(), buffer->size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("read stdin");
      return std::span<const char>(buffer->data(), static_cast<size_t>(got));
    }
  });
}

// By the host's tar, which is given the directory as a descriptor and follows no symbolic link.
Result<void> write_archive(const CopyPlace& source) {
  constexpr int kDirectoryFd = 3;
  if (::isatty(STDOUT_FILENO) == 1) {
    return make_error(ErrorKind::kInvalid, "refusing to write an archive to a terminal");
  }
  IK_LET(found, find_copy_source(source));
  SpawnOptions tar;
  tar.program = "/bin/tar";
  tar.arguments = {"tar",
                   "--create",
                   "--file=-",
                   "--one-file-system",
                   fmt::format("--directory=/proc/self/fd/{}", kDirectoryFd),
                   "--",
                   found.name};
  tar.environment = {"PATH=/usr/bin:/bin"};
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    tar.fds.emplace_back(stream, stream);
  }
  tar.fds.emplace_back(found.directory.get(), kDirectoryFd);
  IK_LET(pid, spawn(tar));
  IK_LET(status, wait_for_child(pid));
  if (status.shell_status() == 0) return {};
  return make_error(ErrorKind::kSystem, "tar ended with status {}", status.shell_status());
}

// As docker: a device on this host, /dev/null for one, is not replaced by a file.
Result<void> check_host_target(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || S_ISDIR(status.st_mode) || S_ISREG(status.st_mode)) {
    return {};
  }
  return make_error(ErrorKind::kInvalid,
                    "invalid output path: \"{}\" must be a directory or a regular file",
                    path);
}

Result<std::uint64_t> copy(const CpOptions& options,
                           const Side& source,
                           const Side& target,
                           Engine& engine) {
  const bool into_container = source.container.empty();
  const std::string& name = into_container ? target.container : source.container;
  IK_LET(record, find_record(engine, name));
  CopyRules rules{.replaces = true, .enters_mounts = true};
  if (!options.archive) rules.owner = into_container ? CopyRules::Owner{} : caller();
  IK_LET(host_path, absolute_path(into_container ? source.path : target.path));
  IK_LET(root, ContainerRoot::open(engine, record));
  IK_LET(host, open_file("/", O_PATH | O_DIRECTORY));
  const CopyPlace here{.root_fd = host.get(), .path = host_path};
  const CopyPlace there{.root_fd = root.fd(), .path = into_container ? target.path : source.path};
  if (into_container && source.path == "-") {
    IK_LET(archive, read_stdin());
    // The archive says whose its files are.
    rules.owner.reset();
    return unpack_into(archive, there, rules);
  }
  if (!into_container && target.path == "-") {
    IK_TRY(write_archive(there));
    return std::uint64_t{0};
  }
  if (!into_container) IK_TRY(check_host_target(host_path));
  if (into_container) return copy_path(here, there, options.follow, rules);
  return copy_path(there, here, options.follow, rules);
}

Result<void> cp(const CpOptions& options, const Context& context) {
  const Side source = parse_side(options.source);
  const Side target = parse_side(options.target);
  if (source.container.empty() && target.container.empty()) {
    return make_error(ErrorKind::kInvalid, "must specify at least one container source");
  }
  if (!source.container.empty() && !target.container.empty()) {
    return make_error(ErrorKind::kInvalid, "copying between containers is not supported");
  }
  IK_LET(engine, open_engine(context));
  IK_LET(bytes, copy(options, source, target, engine));
  if (!options.quiet && options.target != "-" && ::isatty(STDOUT_FILENO) == 1) {
    ::fprintf(stderr,
              "Successfully copied %s to %s\n",
              format_decimal_size(bytes).c_str(),
              options.target.c_str());
  }
  return {};
}

}  // namespace

void add_cp_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<CpOptions>();
  CLI::App* command = app.add_subcommand("cp", "Copy files between a container and this host");
  command->add_option("source", options->source, "CONTAINER:PATH, PATH or -")->required();
  command->add_option("target", options->target, "CONTAINER:PATH, PATH or -")->required();
  command->add_flag("-a,--archive", options->archive, "Keep owners and groups");
  command->add_flag("-L,--follow-link", options->follow, "Follow a symbolic link at SOURCE");
  command->add_flag("-q,--quiet", options->quiet, "Do not say what was copied");
  command->callback([options, &context] { context.finish(cp(*options, context)); });
}

}  // namespace ikada
