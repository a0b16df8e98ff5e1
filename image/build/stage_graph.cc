#include "image/build/stage_graph.h"

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

Error at(const Dockerfile& file, int line, std::string_view keyword, std::string_view what) {
  return make_error(ErrorKind::kInvalid, "{}:{}: {}: {}", file.name, line, keyword, what);
}

// The --from words of one instruction.
std::vector<std::string> list_sources(const Instruction& instruction) {
  std::vector<std::string> sources;
  if (const auto* copy = std::get_if<CopyInstruction>(&instruction.body); copy != nullptr) {
    if (!copy->from.empty()) sources.push_back(copy->from);
  }
  if (const auto* run = std::get_if<RunInstruction>(&instruction.body); run != nullptr) {
    for (const std::string& mount : run->mounts) {
      for (const std::string_view field : split(mount, ',')) {
        const Cut parts = cut(field, '=');
        if (parts.before == "from" && !parts.after.empty()) sources.emplace_back(parts.after);
      }
    }
  }
  return sources;
}

Result<void> plan_uses(const Dockerfile& file, size_t index, PlannedStage& stage) {
  for (const Instruction& each : file.stages[index].instructions) {
    for (const std::string& from : list_sources(each)) {
      if (from.find('$') != std::string::npos) {
        return at(file, each.line, each.keyword, "variables are not supported in from: " + from);
      }
      const StageSource source = find_source(file, file.stages.size(), from);
      if (!source.stage.has_value()) continue;
      if (*source.stage >= index) {
        // A stage that comes later is no source; an image may have that name.
        const StageSource earlier = find_source(file, index, from);
        if (!earlier.stage.has_value() && *source.stage == index) {
          return at(file, each.line, each.keyword, "a stage cannot copy from itself: " + from);
        }
        continue;
      }
      stage.uses.push_back(*source.stage);
    }
  }
  return {};
}

void mark_needed(StageGraph& graph, size_t index) {
  PlannedStage& stage = graph.stages[index];
  if (stage.needed) return;
  stage.needed = true;
  if (stage.base.stage.has_value()) mark_needed(graph, *stage.base.stage);
  for (const size_t used : stage.uses) mark_needed(graph, used);
}

Result<size_t> find_target(const Dockerfile& file, const std::string& target) {
  if (target.empty()) return file.stages.size() - 1;
  const StageSource found = find_source(file, file.stages.size(), target);
  if (found.stage.has_value()) return *found.stage;
  return make_error(
      ErrorKind::kNotFound, "{}: target stage \"{}\" could not be found", file.name, target);
}

}  // namespace

std::string StageGraph::stage_name(const Dockerfile& file, size_t stage) {
  const std::string& name = file.stages[stage].from.name;
  return name.empty() ? fmt::format("stage-{}", stage) : name;
}

StageSource find_source(const Dockerfile& file, size_t before, std::string_view from) {
  const std::string name = lower_case(from);
  for (size_t i = before; i-- > 0;) {
    if (!file.stages[i].from.name.empty() && file.stages[i].from.name == name) return {.stage = i};
  }
  const Result<std::uint64_t> number = parse_unsigned(from, 100'000);
  if (number.has_value() && *number < before) return {.stage = *number};
  return {.image = std::string(from)};
}

Result<StageGraph> plan_stages(const Dockerfile& file,
                               const BuildVariables& variables,
                               const std::string& target) {
  StageGraph graph;
  const WordExpansion expansion{.find = [&](auto name) { return variables.find_global(name); },
                                .escape = file.escape};
  for (size_t i = 0; i < file.stages.size(); ++i) {
    const DockerfileStage& written = file.stages[i];
    PlannedStage stage;
    Result<std::string> image = expand_word(written.from.image, expansion);
    Result<std::string> platform = expand_word(written.from.platform, expansion);
    for (const auto* each : {&image, &platform}) {
      if (!each->has_value()) return at(file, written.line, "FROM", each->error().message);
    }
    if (image->empty()) {
      return at(file,
                written.line,
                "FROM",
                fmt::format("base name ({}) should not be blank", written.from.image));
    }
    stage.base = find_source(file, i, *image);
    // A number names a stage in --from only.
    if (stage.base.stage.has_value() &&
        file.stages[*stage.base.stage].from.name != lower_case(*image)) {
      stage.base = {.image = *image};
    }
    stage.platform = std::move(*platform);
    IK_TRY(plan_uses(file, i, stage));
    graph.stages.push_back(std::move(stage));
  }
  IK_LET(index, find_target(file, target));
  graph.target = index;
  mark_needed(graph, index);
  return graph;
}

}  // namespace ikada
