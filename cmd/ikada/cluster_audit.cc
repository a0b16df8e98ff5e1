#include <stdio.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "image/digest.h"
#include "runtime/base/json.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxAuditFile = size_t{1} << 30;

struct ClusterAuditOptions {
  std::optional<std::uint64_t> tail;
  bool verify = false;
};

struct AuditFile {
  std::string path;
  std::string name;
  std::uint64_t age = 0;  // 0: the newest.
};

// "log" is the newest, "log.3" an old one.
Result<std::uint64_t> parsed_age(const Cut& name) {
  return name.found ? parse_unsigned(name.after) : Result<std::uint64_t>(std::uint64_t{0});
}

Result<std::vector<AuditFile>> audit_files_oldest_first(const std::string& directory) {
  constexpr std::string_view kName = "log";
  std::vector<AuditFile> files;
  IK_LET(names, list_directory(directory));
  for (const std::string& name : names) {
    const Cut parts = cut(name, '.');
    if (parts.before != kName) continue;
    const Result<std::uint64_t> age = parsed_age(parts);
    if (age.has_value()) files.push_back({fmt::format("{}/{}", directory, name), name, *age});
  }
  std::sort(files.begin(), files.end(), [](const AuditFile& a, const AuditFile& b) {
    return a.age > b.age;
  });
  return files;
}

// The hash of the line before, which a line names; nothing for what is no record.
std::optional<std::string> named_hash(std::string_view line) {
  const Result<Json> json = parse_json(line);
  if (!json.has_value() || !json->is_object()) return std::nullopt;
  return json->value("previousHash", std::string());
}

// Follows the chain over all files; the first line that is left follows nothing.
class ChainCheck {
 public:
  void take(const AuditFile& file, std::uint64_t number, std::string_view line) {
    const std::optional<std::string> previous = named_hash(line);
    if (!previous.has_value()) {
      report(file, number, "is no record: it was cut off by a crash, or altered");
    } else if (!hash_.empty() && *previous != hash_) {
      report(file, number, "does not follow the line before: one was taken out or altered");
    }
    hash_ = Digest::of(line).hex();
    ++lines_;
  }

  Result<void> finish() const {
    if (faults_ > 0) {
      return make_error(ErrorKind::kInvalid, "{} of {} lines are wrong", faults_, lines_);
    }
    ::printf("%s lines, nothing taken out or altered\n", std::to_string(lines_).c_str());
    return {};
  }

 private:
  void report(const AuditFile& file, std::uint64_t number, const char* what) {
    ++faults_;
    ::printf("%s: line %s %s\n", file.name.c_str(), std::to_string(number).c_str(), what);
  }

  std::string hash_;
  std::uint64_t lines_ = 0;
  std::uint64_t faults_ = 0;
};

Result<void> cluster_audit(const ClusterAuditOptions& options, const Context& context) {
  IK_LET(files, audit_files_oldest_first(context.root + "/audit"));
  ChainCheck check;
  std::vector<std::string> lines;
  for (const AuditFile& file : files) {
    IK_LET(text, read_file(file.path, kMaxAuditFile));
    std::uint64_t number = 0;
    std::string_view rest = text;
    while (!rest.empty()) {
      const Cut line = cut(rest, '\n');
      rest = line.after;
      if (options.verify) {
        check.take(file, ++number, line.before);
      } else if (options.tail.has_value()) {
        lines.emplace_back(line.before);
      } else {
        ::printf("%.*s\n", static_cast<int>(line.before.size()), line.before.data());
      }
    }
  }
  if (options.verify) return check.finish();
  const std::uint64_t skipped =
      lines.size() - std::min<std::uint64_t>(lines.size(), options.tail.value_or(0));
  for (size_t i = skipped; i < lines.size(); ++i) ::printf("%s\n", lines[i].c_str());
  return {};
}

}  // namespace

void add_cluster_audit_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ClusterAuditOptions>();
  CLI::App* command =
      group.add_subcommand("audit", "Show who asked this host's API and daemon for what");
  command->add_option("-n,--tail", options->tail, "Only so many lines from the end");
  command->add_flag("--verify", options->verify, "Only check that no line is missing or altered");
  command->callback([options, &context] { context.finish(cluster_audit(*options, context)); });
}

}  // namespace ikada
