#include "image/curl_library.h"

#include "runtime/sys/shared_library.h"

namespace ikada {
namespace {

Result<CurlLibrary> load() {
  IK_LET(library, SharedLibrary::open("libcurl.so.4"));
  CurlLibrary curl;
  IK_TRY(library.find("curl_global_init", curl.global_init));
  IK_TRY(library.find("curl_easy_init", curl.easy_init));
  IK_TRY(library.find("curl_easy_reset", curl.easy_reset));
  IK_TRY(library.find("curl_easy_cleanup", curl.easy_cleanup));
  IK_TRY(library.find("curl_easy_setopt", curl.easy_setopt));
  IK_TRY(library.find("curl_easy_getinfo", curl.easy_getinfo));
  IK_TRY(library.find("curl_easy_perform", curl.easy_perform));
  IK_TRY(library.find("curl_easy_strerror", curl.easy_strerror));
  IK_TRY(library.find("curl_slist_append", curl.slist_append));
  IK_TRY(library.find("curl_slist_free_all", curl.slist_free_all));
  IK_TRY(library.find("curl_url", curl.url));
  IK_TRY(library.find("curl_url_cleanup", curl.url_cleanup));
  IK_TRY(library.find("curl_url_set", curl.url_set));
  IK_TRY(library.find("curl_url_get", curl.url_get));
  IK_TRY(library.find("curl_free", curl.free));
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return make_error(ErrorKind::kUnavailable, "libcurl does not start");
  }
  return curl;
}

}  // namespace

Result<const CurlLibrary*> curl_library() {
  static const Result<CurlLibrary> loaded = load();
  if (!loaded.has_value()) return loaded.error();
  return &loaded.value();
}

}  // namespace ikada
