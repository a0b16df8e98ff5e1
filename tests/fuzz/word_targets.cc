// Targets that read a single word or line: names, digests, URLs, headers.
#include <string>

#include "image/auth_challenge.h"
#include "image/digest.h"
#include "image/layer_path.h"
#include "image/reference.h"
#include "image/url.h"
#include "runtime/base/text.h"
#include "tests/fuzz/targets.h"

namespace ikada {

void fuzz_reference(std::string_view bytes) {
  static_cast<void>(parse_registry(bytes).has_value());
  const Result<Reference> reference = parse_reference(bytes);
  if (!reference.has_value()) return;
  const std::string canonical = reference->canonical();
  const Result<Reference> again = parse_reference(canonical);
  promise(again.has_value() && again->canonical() == canonical, "a name's normal form is stable");
  const Result<Reference> familiar = parse_reference(reference->familiar());
  promise(familiar.has_value() && familiar->canonical() == canonical,
          "the familiar form means the same");
  for (const std::string_view part : split(reference->repository, '/')) {
    promise(!part.empty() && part != "." && part != "..", "a repository is no path elsewhere");
  }
}

void fuzz_digest(std::string_view bytes) {
  const Result<Digest> digest = Digest::parse(bytes);
  if (!digest.has_value()) return;
  promise(digest->text() == bytes, "a digest is its text");
  promise(digest->hex().find_first_not_of("0123456789abcdef") == std::string_view::npos &&
              digest->hex().size() == 64,
          "a digest is a file's name");
}

// The second line, if there is one, is a reference from the first.
void fuzz_url(std::string_view bytes) {
  const Cut lines = cut(bytes, '\n');
  static_cast<void>(address_scope(std::string(lines.before)));
  const Result<Url> url = parse_url(lines.before);
  if (!url.has_value()) return;
  promise(url->scheme == "http" || url->scheme == "https", "only http and https");
  promise(!url->host.empty() && !url->port.empty(), "a URL has a host and a port");
  const Result<Url> again = parse_url(url->text);
  promise(again.has_value() && again->same_origin(*url), "a URL's text leads to the same place");
  if (!lines.found) return;
  const Result<Url> next = resolve_url(*url, lines.after);
  if (next.has_value()) {
    promise(next->scheme == "http" || next->scheme == "https", "only http and https");
  }
}

void fuzz_auth_challenge(std::string_view bytes) {
  for (const AuthChallenge& challenge : parse_auth_challenges(bytes)) {
    promise(!challenge.scheme.empty() && challenge.scheme == lower_case(challenge.scheme),
            "a scheme is a word in lower case");
  }
}

void fuzz_layer_path(std::string_view bytes) {
  const Result<LayerPath> link = parse_link_target(bytes);
  const Result<LayerPath> path = parse_layer_path(bytes);
  for (const Result<LayerPath>* each : {&link, &path}) {
    if (!each->has_value()) {
      promise(!each->error().code.empty(), "a refused name has a code");
      continue;
    }
    const LayerPath& found = **each;
    promise(found.full().find('\0') == std::string::npos, "no NUL in a name");
    promise(found.name.find('/') == std::string::npos, "a name is one component");
    if (found.parent.empty()) continue;
    for (const std::string_view part : split(found.parent, '/')) {
      promise(!part.empty() && part != "." && part != "..", "a parent is plain components");
    }
  }
}

}  // namespace ikada
