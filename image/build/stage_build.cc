#include "image/build/stage_build.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>

#include "image/build/merged_tree.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

bool makes_layer(const Instruction& instruction) {
  return std::holds_alternative<RunInstruction>(instruction.body) ||
         std::holds_alternative<CopyInstruction>(instruction.body) ||
         std::holds_alternative<WorkdirInstruction>(instruction.body);
}

// For people: the command, not more than a line of it.
std::string title_of(const PlannedStep& step) {
  constexpr size_t kMaxTitle = 200;
  std::string title = step.text;
  for (char& c : title) c = c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  if (title.size() > kMaxTitle) title = title.substr(0, kMaxTitle) + "…";
  return title;
}

bool links_alone(const StepAction& action) {
  const auto* copy = std::get_if<CopyStep>(&action);
  return copy != nullptr && copy->link;
}

}  // namespace

StageBuild::StageBuild(BuildSession& session, size_t stage)
    : session_(session),
      stage_(stage),
      name_(StageGraph::stage_name(session.options().file, stage)) {}

Result<StageTree> StageBuild::run() {
  const Dockerfile& file = session_.options().file;
  const DockerfileStage& written = file.stages[stage_];
  steps_ = 1;
  for (const Instruction& each : written.instructions) steps_ += makes_layer(each) ? 1 : 0;
  IK_TRY(begin().context("{}:{}: FROM", file.name, written.line));
  IK_TRY(run_triggers().context("{}:{}: FROM: ONBUILD", file.name, written.line));
  for (const Instruction& each : written.instructions) {
    Result<void> done = run_instruction(each);
    if (done.has_value()) continue;
    // Finished steps are worth keeping for the next try.
    static_cast<void>(finish_packing().has_value());
    return std::move(done).context("{}:{}: {}", file.name, each.line, each.keyword).error();
  }
  IK_TRY(finish_packing());
  return std::move(tree_);
}

Result<void> StageBuild::begin() {
  const PlannedStage& plan = session_.graph().stages[stage_];
  if (plan.base.stage.has_value()) {
    IK_LET(tree, session_.wait_for_stage(*plan.base.stage));
    tree_ = std::move(tree);
    tree_.settings.arguments.clear();
    tree_.settings.cmd_was_set = false;
    ++step_;
    return {};
  }
  platform_ = plan.platform.empty() ? session_.options().platform : plan.platform;
  StepReport report = session_.begin_step(
      fmt::format("[{} {}/{}] FROM {}", name_, ++step_, steps_, plan.base.image));
  Result<StageTree> tree = session_.open_image(plan.base.image, platform_);
  if (!tree.has_value()) {
    report.failed();
    return std::move(tree.error());
  }
  tree_ = std::move(*tree);
  report.done();
  return {};
}

// What the base image has put off until somebody builds on it.
Result<void> StageBuild::run_triggers() {
  const std::vector<std::string> triggers = std::move(tree_.settings.config.on_build);
  tree_.settings.config.on_build.clear();
  for (const std::string& trigger : triggers) {
    IK_LET(lines, split_logical_lines(trigger));
    if (lines.lines.size() != 1)
      return make_error(ErrorKind::kInvalid, "no instruction: {}", trigger);
    IK_LET(instruction, parse_instruction(lines.lines[0], '\\'));
    if (makes_layer(instruction)) ++steps_;
    IK_TRY(run_instruction(instruction).context("{}", instruction.keyword));
  }
  return {};
}

Result<void> StageBuild::run_instruction(const Instruction& instruction) {
  if (session_.seams().cancellation.cancelled()) {
    return make_error(ErrorKind::kUnavailable, "cancelled");
  }
  IK_LET(
      step,
      plan_step(instruction, session_.variables(), session_.options().file.escape, tree_.settings));
  if (std::holds_alternative<std::monostate>(step.action)) {
    add_history(step, true);
    return {};
  }
  return run_step(step);
}

Result<void> StageBuild::run_step(PlannedStep& step) {
  StepReport report =
      session_.begin_step(fmt::format("[{} {}/{}] {}", name_, ++step_, steps_, title_of(step)));
  const auto fail = [&](Error error) {
    report.failed();
    return error;
  };
  Result<Digest> key = key_of(step);
  if (!key.has_value()) return fail(std::move(key.error()));
  if (const auto cached = session_.find_cached(*key); cached.has_value()) {
    push_cached(*cached);
    add_history(step, cached->diff_id.empty());
    tree_.key = *key;
    report.cached();
    return {};
  }
  Result<void> made = make_layer(step, *key, report);
  if (!made.has_value()) return fail(std::move(made.error()));
  tree_.key = *key;
  report.done();
  return {};
}

void StageBuild::push_cached(const CachedStep& cached) {
  if (cached.diff_id.empty()) return;
  tree_.layers.push_back({.blob = cached.blob, .diff_id = cached.diff_id});
  tree_.directories.push_back(session_.store().layer_path(cached.blob.digest));
  tree_.settings.config.created = cached.created;
}

Result<void> StageBuild::make_layer(const PlannedStep& step,
                                    const Digest& key,
                                    StepReport& report) {
  IK_LET(place, make_workplace());
  IK_TRY(
      std::visit([&](const auto& action) { return perform(action, place, report); }, step.action));
  const std::string created = session_.creation_time();
  IK_LET(names, list_directory(place.upper));
  if (names.empty()) {
    IK_TRY(remove_tree(place.directory));
    add_history(step, true);
    return session_.add_unchanged(key, {.created = created, .step = step.text});
  }
  tree_.layers.emplace_back();
  tree_.directories.push_back(place.upper);
  tree_.settings.config.created = created;
  add_history(step, false);
  packing_.push_back(
      {.layer = tree_.layers.size() - 1,
       .made =
           {.path = place.upper, .layer = {}, .key = key, .step = step.text, .created = created},
       .result =
           std::async(std::launch::async, [this, path = place.upper]() -> Result<WrittenLayer> {
             IK_LET(fd, open_file(path, O_RDONLY | O_DIRECTORY));
             return write_tree_layer(session_.store(), fd.get(), session_.layer_options());
           })});
  return {};
}

// Waits for the layers that are packed while later steps run.
Result<void> StageBuild::finish_packing() {
  Result<void> first;
  for (Packing& each : packing_) {
    Result<WrittenLayer> layer = each.result.get();
    if (!layer.has_value()) {
      if (first.has_value()) first = std::move(layer.error());
      continue;
    }
    tree_.layers[each.layer] = *layer;
    each.made.layer = std::move(*layer);
    session_.add_layer(std::move(each.made));
  }
  packing_.clear();
  return first;
}

void StageBuild::add_history(const PlannedStep& step, bool empty_layer) {
  ImageConfig& config = tree_.settings.config;
  // A step without files is as old as the files, so that the same build gives the same image.
  if (config.created.empty()) config.created = session_.creation_time();
  config.history.push_back({.created = config.created,
                            .created_by = step.created_by,
                            .comment = "ikada",
                            .empty_layer = empty_layer});
}

// Everything that decides what the step makes: what is below, what is done, and the files it takes.
Result<Digest> StageBuild::key_of(const PlannedStep& step) {
  Sha256 hash;
  hash.update("ikada build 1\n");
  hash.update(links_alone(step.action) ? "" : tree_.key.text());
  hash.update("\n" + describe_action(step.action) + "\n");
  if (const auto epoch = session_.options().source_date_epoch; epoch.has_value()) {
    hash.update(fmt::format("epoch {}\n", *epoch));
  }
  if (const auto* copy = std::get_if<CopyStep>(&step.action); copy != nullptr) {
    if (copy->from.empty()) {
      IK_TRY(hash_context_sources(copy->sources, copy->exclude, hash));
    } else {
      IK_LET(source, key_of_source(copy->from));
      hash.update(source + "\n" + Json({copy->sources, copy->exclude}).dump());
    }
  }
  if (const auto* run = std::get_if<RunStep>(&step.action); run != nullptr) {
    hash.update(fmt::format(
        "{}\n{}\n", session_.options().network, join(session_.options().extra_hosts, ",")));
    for (const RunMount& mount : run->mounts) {
      if (mount.type != RunMount::Type::kBind) continue;
      if (mount.from.empty()) {
        IK_TRY(hash_context_sources({mount.source.empty() ? "." : mount.source}, {}, hash));
      } else {
        IK_LET(source, key_of_source(mount.from));
        hash.update(source + "\n");
      }
    }
  }
  return hash.finish();
}

Result<void> StageBuild::hash_context_sources(const std::vector<std::string>& patterns,
                                              const std::vector<std::string>& exclude,
                                              Sha256& hash) {
  IK_LET(excluded, IgnorePatterns::parse(join(exclude, "\n")));
  for (const std::string& pattern : patterns) {
    if (pattern.starts_with("http://") || pattern.starts_with("https://")) {
      IK_LET(file, session_.fetch_remote(pattern));
      hash.update(pattern + " " + file.digest.text() + "\n");
      continue;
    }
    if (session_.context_fd() < 0) {
      return make_error(ErrorKind::kInvalid, "{}: there is no build context", pattern);
    }
    IK_LET(trees,
           find_sources({.root_fd = session_.context_fd(),
                         .ignore = &session_.options().ignore,
                         .exclude = &excluded},
                        pattern));
    for (const SourceTree& tree : trees) IK_TRY(hash_source(tree, false, hash));
  }
  return {};
}

Result<std::string> StageBuild::key_of_source(const std::string& from) {
  const StageSource source = find_source(session_.options().file, stage_, from);
  if (source.stage.has_value()) {
    IK_LET(tree, session_.wait_for_stage(*source.stage));
    return tree.key.text();
  }
  IK_LET(tree, session_.open_image(source.image, platform_));
  return tree.key.text();
}

Result<void> StageBuild::make_upper(const std::string& path) const {
  if (::mkdir(path.c_str(), 0755) != 0) return errno_error("mkdir {}", path);
  struct stat top {};
  if (!tree_.directories.empty() && ::stat(tree_.directories.back().c_str(), &top) == 0) {
    if (::chown(path.c_str(), top.st_uid, top.st_gid) != 0) return errno_error("chown {}", path);
  } else {
    top.st_mode = 0755;
  }
  if (::chmod(path.c_str(), top.st_mode & 07777) != 0) return errno_error("chmod {}", path);
  return {};
}

Result<StageBuild::Workplace> StageBuild::make_workplace() {
  IK_LET(directory, session_.make_scratch("step"));
  Workplace place{.directory = directory,
                  .upper = directory + "/upper",
                  .work = directory + "/work",
                  .mount_point = directory + "/tree"};
  for (const std::string& path : {place.work, place.mount_point}) {
    if (::mkdir(path.c_str(), 0700) != 0) return errno_error("mkdir {}", path);
  }
  return place;
}

}  // namespace ikada
