#include "image/manifest.h"
#include "image/registry/answers.h"
#include "image/registry/catalog.h"
#include "image/registry/manifest_store.h"
#include "image/registry/page.h"
#include "runtime/base/json.h"

namespace ikada::registry {
namespace {

// The files of an image that is on record no more are still there for a while.
Json kept_ones(const Call& call, const Json& descriptors) {
  return call.site.pool().run(call.yield, [&] {
    Json kept = Json::array();
    for (const Json& each : descriptors) {
      const std::string digest = each.value("digest", "");
      if (call.site.keeper()->keeps(call.route.repository, digest)) kept.push_back(each);
    }
    return kept;
  });
}

}  // namespace

Result<Answer> answer_tags(const Call& call) {
  const std::string& repository = call.route.repository;
  IK_LET(request, parse_page_request(call.route));
  IK_LET(page, call.site.pool().run(call.yield, [&]() -> Result<Page> {
    if (call.site.keeper() == nullptr) return list_tags(call.site.layout(), repository, request);
    IK_LET(tags, call.site.keeper()->tags(repository));
    return take_page(std::move(tags), request);
  }));
  const Json body = {{"name", repository}, {"tags", page.entries}};
  Answer answer = json_answer(200, body.dump() + "\n");
  if (page.has_more) {
    answer.with("Link",
                link_to_next(fmt::format("/v2/{}/tags/list", repository), request, page, ""));
  }
  return answer;
}

Result<Answer> answer_catalog(const Call& call) {
  IK_LET(request, parse_page_request(call.route));
  const AccessPolicy& policy = call.settings.config.access;
  // A token is never given for all repositories, so its owner's own rights decide here.
  const auto is_visible = [&](const std::string& name) {
    return is_allowed(policy, std::string_view(call.caller.user), name, Action::kPull);
  };
  IK_LET(page, call.site.pool().run(call.yield, [&]() -> Result<Page> {
    if (call.site.keeper() == nullptr) {
      return list_repositories(call.site.layout(), request, is_visible);
    }
    IK_LET(names, call.site.keeper()->repositories(call.caller.user));
    return take_page(std::move(names), request);
  }));
  const Json body = {{"repositories", page.entries}};
  Answer answer = json_answer(200, body.dump() + "\n");
  if (page.has_more) answer.with("Link", link_to_next("/v2/_catalog", request, page, ""));
  return answer;
}

Result<Answer> answer_referrers(const Call& call) {
  constexpr std::uint64_t kMostReferrers = 1000;
  const Route& route = call.route;
  IK_LET(request, parse_page_request(route));
  request.count = std::min(request.count, kMostReferrers);
  const std::string* filter = route.find_query("artifactType");
  const std::string artifact_type = filter == nullptr ? "" : *filter;
  IK_LET(found, call.site.pool().run(call.yield, [&] {
    return list_referrers(
        call.site.layout(), route.repository, route.digest, artifact_type, request);
  }));
  if (call.site.keeper() != nullptr) found.descriptors = kept_ones(call, found.descriptors);
  const Json body = {{"schemaVersion", 2},
                     {"mediaType", kOciIndexType},
                     {"manifests", std::move(found.descriptors)}};
  Answer answer{.body = body.dump() + "\n"};
  answer.with("Content-Type", std::string(kOciIndexType));
  if (!artifact_type.empty()) answer.with("OCI-Filters-Applied", "artifactType");
  if (found.page.has_more) {
    const std::string more =
        artifact_type.empty() ? "" : "artifactType=" + escape_query(artifact_type);
    const std::string path =
        fmt::format("/v2/{}/referrers/{}", route.repository, route.digest.text());
    answer.with("Link", link_to_next(path, request, found.page, more));
  }
  return answer;
}

}  // namespace ikada::registry
