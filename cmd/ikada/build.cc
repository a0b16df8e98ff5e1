#include "image/build/build.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>

#include "cluster/engine/attach_client.h"
#include "cluster/engine/build_container.h"
#include "cmd/ikada/build_context.h"
#include "cmd/ikada/build_display.h"
#include "cmd/ikada/build_output.h"
#include "cmd/ikada/build_terminal.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/image_source.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/open_store.h"
#include "cmd/ikada/option_grammar.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxSecretBytes = size_t{1} << 20;

struct BuildCommandOptions {
  std::string context;
  std::vector<std::string> tags;
  std::string file;
  std::vector<std::string> arguments;
  std::vector<std::string> labels;
  std::vector<std::string> secrets;
  std::vector<std::string> ssh_agents;
  std::vector<std::string> ulimits;
  std::vector<std::string> add_hosts;
  std::string target;
  std::string platform;
  std::string network = "default";
  std::string shm_size;
  std::string progress = "auto";
  std::string output;
  std::string iid_file;
  bool no_cache = false;
  bool pull = false;
  bool quiet = false;
};

// Ends the build when the person or the system asks for it, as long as it lives.
class SignalWatch {
 public:
  static Result<std::unique_ptr<SignalWatch>> start(BuildCancellation& cancellation) {
    IK_LET(signals, SignalCatcher::create());
    UniqueFd end(::eventfd(0, EFD_CLOEXEC));
    if (!end) return errno_error("eventfd");
    return std::make_unique<SignalWatch>(std::move(signals), std::move(end), cancellation);
  }

  SignalWatch(SignalCatcher signals, UniqueFd end, BuildCancellation& cancellation)
      : signals_(std::move(signals)), end_(std::move(end)), thread_([this, &cancellation] {
          pollfd polled[2] = {{.fd = signals_.fd(), .events = POLLIN, .revents = 0},
                              {.fd = end_.get(), .events = POLLIN, .revents = 0}};
          while (::poll(polled, 2, -1) < 0) {
          }
          if (polled[0].revents == 0) return;
          // Taken, so that it does not end us later when signals are let through again.
          signalfd_siginfo taken{};
          if (::read(signals_.fd(), &taken, sizeof(taken)) > 0) cancellation.cancel();
        }) {}

  ~SignalWatch() {
    ::eventfd_write(end_.get(), 1);
    thread_.join();
  }

 private:
  SignalCatcher signals_;
  UniqueFd end_;
  std::thread thread_;
};

std::optional<std::string> own_variable(const std::string& name) {
  const char* value = ::getenv(name.c_str());
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

// "NAME=value", or "NAME", whose value is this process's.
std::map<std::string, std::string> read_arguments(const std::vector<std::string>& words) {
  std::map<std::string, std::string> arguments;
  for (const std::string& word : words) {
    const Cut parts = cut(word, '=');
    const std::string name(parts.before);
    if (parts.found) {
      arguments[name] = parts.after;
    } else if (const auto value = own_variable(name); value.has_value()) {
      arguments[name] = *value;
    }
  }
  return arguments;
}

// "id=ID[,src=FILE|,env=NAME]".
Result<std::pair<std::string, std::string>> read_secret(const std::string& text) {
  std::string id;
  std::string source;
  std::string variable;
  for (const std::string_view field : split(text, ',')) {
    const Cut parts = cut(field, '=');
    if (parts.before == "id") {
      id = parts.after;
    } else if (parts.before == "src" || parts.before == "source") {
      source = parts.after;
    } else if (parts.before == "env") {
      variable = parts.after;
    } else if (field != "type=file" && field != "type=env") {
      return make_error(ErrorKind::kInvalid, "--secret: unexpected field '{}'", field);
    }
  }
  if (id.empty()) return make_error(ErrorKind::kInvalid, "--secret: id is missing in '{}'", text);
  if (source.empty() && variable.empty()) {
    if (own_variable(id).has_value()) {
      variable = id;
    } else {
      source = id;
    }
  }
  if (variable.empty()) {
    IK_LET(content, read_file(source, kMaxSecretBytes).context("--secret {}", id));
    return std::pair(id, content);
  }
  const auto value = own_variable(variable);
  if (!value.has_value()) {
    return make_error(ErrorKind::kNotFound, "--secret {}: {} is not set", id, variable);
  }
  return std::pair(id, *value);
}

// "default", "ID" or "ID=SOCKET"; without a socket the agent is this process's.
Result<std::pair<std::string, std::string>> read_ssh(const std::string& text) {
  const Cut parts = cut(text, '=');
  std::string id(parts.before);
  if (id.empty()) return make_error(ErrorKind::kInvalid, "--ssh: id is missing in '{}'", text);
  std::string path(parts.after);
  if (!parts.found) path = own_variable("SSH_AUTH_SOCK").value_or("");
  if (path.empty()) {
    return make_error(ErrorKind::kNotFound, "--ssh {}: SSH_AUTH_SOCK is not set", id);
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno_error("--ssh {}: {}", id, path);
  if (!S_ISSOCK(status.st_mode)) {
    return make_error(ErrorKind::kInvalid,
                      "--ssh {}: {} is not the socket of an ssh agent; keys are to be added to one "
                      "by ssh-add",
                      id,
                      path);
  }
  return std::pair(std::move(id), std::move(path));
}

Result<std::vector<UlimitSpec>> read_ulimits(const std::vector<std::string>& texts) {
  std::vector<UlimitSpec> ulimits;
  for (const std::string& each : texts) {
    IK_LET(limit, parse_ulimit(each));
    ulimits.push_back(std::move(limit));
  }
  return ulimits;
}

Result<std::optional<std::int64_t>> find_epoch(
    const std::map<std::string, std::string>& arguments) {
  std::optional<std::string> text = own_variable("SOURCE_DATE_EPOCH");
  if (const auto given = arguments.find("SOURCE_DATE_EPOCH"); given != arguments.end()) {
    text = given->second;
  }
  if (!text.has_value() || text->empty()) return std::optional<std::int64_t>();
  IK_LET(seconds, parse_unsigned(*text, 1'000'000'000'000).context("SOURCE_DATE_EPOCH"));
  return std::optional<std::int64_t>(static_cast<std::int64_t>(seconds));
}

Result<std::string> plan_network(const std::string& mode) {
  if (mode == "default" || mode == "bridge") return std::string("bridge");
  if (mode == "none" || mode == "host") return mode;
  return make_error(ErrorKind::kInvalid, "--network: unknown mode {}", mode);
}

Result<BuildOptions> plan_build(const BuildCommandOptions& options, BuildContext& context) {
  BuildOptions build{.file = std::move(context.file),
                     .context = context.directory,
                     .ignore = std::move(context.ignore)};
  build.arguments = read_arguments(options.arguments);
  for (const std::string& each : options.labels) {
    const Cut parts = cut(each, '=');
    build.labels[std::string(parts.before)] = parts.after;
  }
  for (const std::string& each : options.secrets) {
    IK_LET(secret, read_secret(each));
    build.secrets.insert(std::move(secret));
  }
  for (const std::string& each : options.ssh_agents) {
    IK_LET(agent, read_ssh(each));
    build.ssh_agents.insert(std::move(agent));
  }
  build.target = options.target;
  build.platform = options.platform;
  IK_LET(network, plan_network(options.network));
  build.network = std::move(network);
  build.extra_hosts = options.add_hosts;
  if (!options.shm_size.empty()) {
    IK_LET(bytes, parse_byte_size(options.shm_size).context("--shm-size"));
    build.shm_bytes = bytes;
  }
  build.use_cache = !options.no_cache;
  IK_LET(epoch, find_epoch(build.arguments));
  build.source_date_epoch = epoch;
  for (const std::string& tag : options.tags) {
    IK_LET(name, parse_reference(tag));
    if (!name.digest.empty()) {
      return make_error(ErrorKind::kInvalid, "invalid tag \"{}\": a digest cannot be given", tag);
    }
    build.names.push_back(name.canonical());
  }
  return build;
}

Result<void> check_build_options(const BuildCommandOptions& options) {
  for (const char* form : {"auto", "plain", "tty", "quiet"}) {
    if (options.progress == form) return {};
  }
  return make_error(
      ErrorKind::kInvalid,
      "invalid argument \"{}\" for \"--progress\": expected auto, plain, tty or quiet",
      options.progress);
}

Result<void> write_iid_file(const std::string& path, const std::string& id) {
  IK_LET(fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  return write_all(fd.get(), id).context("{}", path);
}

void show_names(const BuildOptions& build, const StoredImage& image) {
  ::fprintf(stderr, "writing image %s done\n", image.id.c_str());
  for (const std::string& name : build.names) {
    ::fprintf(stderr, "naming to %s done\n", name.c_str());
  }
}

// What a person sees of it on stderr.
class BuildReport {
 public:
  BuildReport(const std::string& form, bool quiet) : lines_(stderr, quiet) {
    const bool on_terminal = form == "tty" || (form == "auto" && ::isatty(STDERR_FILENO) != 0);
    if (on_terminal && !quiet) terminal_.emplace(stderr);
  }

  void show(const BuildEvent& event) {
    if (terminal_.has_value()) return terminal_->show(event);
    lines_.show(event);
  }

  // What follows is written below.
  void end() { terminal_.reset(); }

 private:
  BuildDisplay lines_;
  std::optional<BuildTerminal> terminal_;
};

Result<void> build(const BuildCommandOptions& options, const Context& context) {
  IK_TRY(check_build_options(options));
  IK_LET(output, parse_build_output(options.output));
  const bool quiet = options.quiet || options.progress == "quiet";
  IK_LET(ulimits, read_ulimits(options.ulimits));
  IK_LET(store, open_store(context));
  IK_LET(given, open_build_context(options.context, options.file, context.root));
  IK_LET(plan, plan_build(options, given));
  IK_LET(policy, load_image_policy(context.config_path));
  plan.policy = policy;
  if (output.is_of_tree()) {
    plan.export_tree = [&output](int root_fd) { return write_tree_output(output, root_fd); };
  }
  if (output.is_of_image()) {
    plan.export_image = [&](const StoredImage& image) {
      return write_image_output(output, store, {.image = image, .names = plan.names});
    };
  }
  BuildCancellation cancellation;
  IK_LET(watch, SignalWatch::start(cancellation));
  std::optional<Engine> engine;
  BuildContainers containers(
      [&]() -> Result<Engine*> {
        if (!engine.has_value()) {
          IK_LET(opened, open_engine(context));
          engine.emplace(std::move(opened));
        }
        return &*engine;
      },
      cancellation,
      std::move(ulimits));
  BuildReport report(options.progress, quiet);
  const BuildSeams seams{.runner = containers,
                         .cancellation = cancellation,
                         .report = [&](const BuildEvent& event) { report.show(event); },
                         .obtain_image =
                             [&](const std::string& name, const std::string& platform) {
                               return obtain_stored_image(
                                          context,
                                          store,
                                          {.name = name,
                                           .pull = options.pull ? "always" : "missing",
                                           .platform = platform,
                                           .quiet = true})
                                   .map([](KeptImage&& kept) { return std::move(kept.image); });
                             }};
  Result<std::optional<StoredImage>> built = build_image(store, plan, seams);
  report.end();
  IK_LET(image, std::move(built));
  if (!image.has_value()) return {};
  if (!options.iid_file.empty()) IK_TRY(write_iid_file(options.iid_file, image->id));
  if (!quiet) show_names(plan, *image);
  // What is on stdout then is the archive.
  const bool is_archive = output.is_of_image() && output.destination == "-";
  if (options.quiet && !is_archive) ::printf("%s\n", image->id.c_str());
  return {};
}

void add_repeated(CLI::App* command,
                  const char* name,
                  std::vector<std::string>& values,
                  const char* help) {
  command->add_option(name, values, help)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace

void add_build_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<BuildCommandOptions>();
  CLI::App* command = app.add_subcommand("build", "Make an image from a Dockerfile");
  command
      ->add_option("context", options->context, "A directory, a tar file, its URL, or - for stdin")
      ->required();
  add_repeated(command, "-t,--tag", options->tags, "NAME[:TAG] of the image");
  command->add_option("-f,--file", options->file, "The Dockerfile; - is stdin");
  add_repeated(command, "--build-arg", options->arguments, "NAME=VALUE for an ARG");
  add_repeated(command, "--label", options->labels, "NAME=VALUE for the image");
  add_repeated(command, "--secret", options->secrets, "id=ID[,src=FILE|,env=NAME]");
  add_repeated(command, "--ssh", options->ssh_agents, "default, or ID[=SOCKET] of an ssh agent");
  add_repeated(command, "--ulimit", options->ulimits, "Resource limit of RUN: nofile=1024:2048");
  add_repeated(command, "--add-host", options->add_hosts, "NAME:ADDRESS in RUN's /etc/hosts");
  command->add_option("--target", options->target, "The stage to build");
  command->add_option("--platform", options->platform, "OS/ARCH[/VARIANT] of the base images");
  command->add_option("--network", options->network, "Of RUN: default, none or host");
  command->add_option("--shm-size", options->shm_size, "Size of RUN's /dev/shm");
  command->add_option("--progress", options->progress, "auto, plain, tty or quiet");
  command->add_option(
      "-o,--output", options->output, "type=local|tar|oci|docker,dest=PATH, a directory, or -");
  command->add_option("--iidfile", options->iid_file, "Write the image's id to this file");
  command->add_flag("--no-cache", options->no_cache, "Do every step anew");
  command->add_flag("--pull", options->pull, "Look for newer base images");
  command->add_flag("-q,--quiet", options->quiet, "Print the image's id only");
  command->callback([options, &context] { context.finish(build(*options, context)); });
}

}  // namespace ikada
