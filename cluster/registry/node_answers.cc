#include "cluster/registry/node_answers.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "image/reference.h"
#include "image/registry/answers.h"
#include "image/registry/content_digest.h"
#include "image/registry/failure.h"
#include "image/registry/route.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::string_view kOurs = "/ikada/";
constexpr std::string_view kSources = "/ikada/sources/";
constexpr std::string_view kKept = "/ikada/kept/";
constexpr std::string_view kImages = "/ikada/images/";
constexpr std::string_view kSpoilt = "/ikada/spoilt/";
constexpr size_t kMaxAddress = 64;

struct SourceQuestion {
  std::string digest;
  std::string host;
  std::string failed;
  bool has_failed = false;
  bool is_coming = false;
};

Result<SourceQuestion> read_question(std::string_view target) {
  const Cut parts = cut(target.substr(kSources.size()), '?');
  IK_LET(digest, registry::ContentDigest::parse(parts.before));
  IK_LET(query, registry::parse_query(parts.after));
  const auto value = [&query](const std::string& name) {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second.substr(0, kMaxAddress);
  };
  return SourceQuestion{.digest = digest.text(),
                        .host = value("for"),
                        .failed = value("failed"),
                        .has_failed = query.count("failed") > 0,
                        .is_coming = query.count("comes") > 0};
}

std::string_view word_of_way(BlobSources::Way way) {
  if (way == BlobSources::Way::kPeer) return "peer";
  return way == BlobSources::Way::kManager ? "manager" : "wait";
}

registry::Answer whole(Result<registry::Answer> done) {
  if (done.has_value()) return std::move(*done);
  return registry::json_answer(registry::status_of(done.error()), registry::body_of(done.error()));
}

// Whatever repository it is in.
Result<registry::Answer> find_kept(const registry::RequestHead& head,
                                   const registry::Layout& layout) {
  IK_LET(digest, registry::ContentDigest::parse(head.target.substr(kKept.size())));
  Result<UniqueFd> file = open_file(layout.blob(digest), O_RDONLY | O_NOFOLLOW);
  struct stat status {};
  if (!file.has_value() || ::fstat(file->get(), &status) != 0) {
    return registry::api_error(registry::kBlobUnknown, "{} is not here", digest.text());
  }
  registry::Answer answer;
  answer.file = registry::FilePart{.file = std::move(*file),
                                   .offset = 0,
                                   .size_bytes = static_cast<std::uint64_t>(status.st_size)};
  return answer;
}

}  // namespace

bool NodeAnswers::is_ours(std::string_view target) { return target.starts_with(kOurs); }

NodeClaim NodeAnswers::claim_of(std::string_view target) {
  if (target.starts_with(kKept) || target.starts_with(kImages)) return {.is_manager = true};
  if (!is_source(target)) return {};
  const Result<SourceQuestion> question = read_question(target);
  return {.address = question.has_value() ? question->host : ""};
}

bool NodeAnswers::is_quick(std::string_view target) { return target.starts_with(kKept); }

bool NodeAnswers::is_source(std::string_view target) { return target.starts_with(kSources); }

bool NodeAnswers::is_job(std::string_view target) {
  return target.starts_with(kImages) || target.starts_with(kSpoilt);
}

registry::Answer NodeAnswers::give_kept(const registry::RequestHead& head,
                                        const registry::Layout& layout) {
  return whole(find_kept(head, layout));
}

Result<void> NodeAnswers::run_job(std::string_view target, const Ground& ground) {
  if (target.starts_with(kSpoilt)) {
    IK_LET(spoilt, registry::ContentDigest::parse(target.substr(kSpoilt.size())));
    return ground.copies.mend(ground.layout, ground.managers, spoilt);
  }
  const Cut parts = cut(target.substr(kImages.size()), '?');
  IK_LET(digest, registry::ContentDigest::parse(parts.before));
  IK_LET(query, registry::parse_query(parts.after));
  const auto repository = query.find("in");
  if (repository == query.end() || !is_repository_name(repository->second)) {
    return registry::api_error(registry::kNameInvalid, "no repository is named");
  }
  return ground.copies.bring(ground.layout, ground.managers, repository->second, digest);
}

registry::Answer NodeAnswers::result_of(const Result<void>& done) {
  return whole(done.map([] { return registry::json_answer(200, "{\"done\":true}\n"); }));
}

registry::Answer NodeAnswers::answer(const registry::RequestHead& head, const Ground& ground) {
  if (head.target == "/ikada/names") {
    return registry::json_answer(200, Json{{"names", ground.names}}.dump() + "\n");
  }
  return whole(registry::api_error(registry::kPathUnknown, "not here"));
}

std::optional<registry::Answer> NodeAnswers::answer_source(const registry::RequestHead& head,
                                                           bool is_last) {
  const Result<SourceQuestion> question = read_question(head.target);
  if (!question.has_value() || question->host.empty()) return registry::json_answer(400, "{}\n");
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (head.method == "POST") {
    if (question->has_failed) {
      sources_.note_failed(question->digest, question->host, question->failed, now);
    } else if (question->is_coming) {
      sources_.note_coming(question->digest, question->host, now);
    } else {
      sources_.note_has(question->digest, question->host, now);
    }
    return registry::json_answer(200, "{}\n");
  }
  const BlobSources::Answer found = sources_.ask(question->digest, question->host, now);
  if (found.way == BlobSources::Way::kWait && !is_last) return std::nullopt;
  return registry::json_answer(
      200, Json{{"way", word_of_way(found.way)}, {"address", found.address}}.dump() + "\n");
}

}  // namespace ikada
