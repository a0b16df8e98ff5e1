#include "image/registry_tags.h"

#include "image/http_status.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxTags = 100'000;
constexpr size_t kMaxPages = 10'000;

Error protocol_error(std::string_view what) {
  Error error = make_error(ErrorKind::kInvalid, "tags: {}", what);
  error.code = "REGISTRY_PROTOCOL";
  return error;
}

Result<std::vector<std::string>> read_page(const std::string& body) {
  IK_LET(json, parse_json(body).context("tags"));
  JsonReader reader(json, "tags");
  std::vector<std::string> tags;
  reader.read("tags", tags);
  const Result<void> read = reader.done();
  if (!read.has_value()) return protocol_error(read.error().message);
  return tags;
}

// The page may be anywhere on the registry, but only there.
Result<std::string> url_of_next(const HttpResponse& response) {
  const std::string* link = response.find_header("link");
  const std::string target = link == nullptr ? "" : next_link(*link);
  if (target.empty()) return std::string();
  IK_LET(url, resolve_url(response.url, target).context("tags: Link"));
  if (!url.same_origin(response.url)) return protocol_error("the next page is on another server");
  return url.text;
}

}  // namespace

std::string next_link(std::string_view header) {
  while (true) {
    const Cut before = cut(header, '<');
    const Cut target = cut(before.after, '>');
    if (!target.found) return {};
    const Cut parameters = cut(target.after, ',');
    for (const std::string_view parameter : split(parameters.before, ';')) {
      const Cut field = cut(trim(parameter), '=');
      const std::string_view value = trim(field.after);
      const bool is_next = value == "next" || value == "\"next\"";
      if (trim(field.before) == "rel" && is_next) return std::string(target.before);
    }
    header = parameters.after;
  }
}

Result<std::vector<std::string>> list_tags(RegistryClient& client) {
  std::vector<std::string> tags;
  std::string path = client.repository_path() + "/tags/list";
  OutgoingRequest request;
  for (size_t page = 0; page < kMaxPages && tags.size() <= kMaxTags; ++page) {
    IK_LET(response, client.request(request, path));
    if (response.status != kOk) return client.answer_error(response, "list of tags");
    IK_LET(found, read_page(response.body));
    tags.insert(tags.end(), found.begin(), found.end());
    IK_LET(next, url_of_next(response));
    if (next.empty()) return tags;
    path.clear();
    request.url = std::move(next);
  }
  return protocol_error("there is no end to them");
}

}  // namespace ikada
