// The functions of libcurl that are used, found when a registry is first spoken to.
//
// libcurl is not linked: with its some thirty libraries it would cost every command 7 ms at the
// start. <curl/curl.h> gives types and options only.
//
// Source: libcurl(3), libcurl-thread(3).
#pragma once

#include <curl/curl.h>

#include "runtime/base/result.h"

namespace ikada {

struct CurlLibrary {
  decltype(curl_global_init)* global_init = nullptr;
  decltype(curl_easy_init)* easy_init = nullptr;
  decltype(curl_easy_reset)* easy_reset = nullptr;
  decltype(curl_easy_cleanup)* easy_cleanup = nullptr;
  decltype(curl_easy_setopt)* easy_setopt = nullptr;
  decltype(curl_easy_getinfo)* easy_getinfo = nullptr;
  decltype(curl_easy_perform)* easy_perform = nullptr;
  decltype(curl_easy_strerror)* easy_strerror = nullptr;
  decltype(curl_slist_append)* slist_append = nullptr;
  decltype(curl_slist_free_all)* slist_free_all = nullptr;
  decltype(curl_url)* url = nullptr;
  decltype(curl_url_cleanup)* url_cleanup = nullptr;
  decltype(curl_url_set)* url_set = nullptr;
  decltype(curl_url_get)* url_get = nullptr;
  decltype(curl_free)* free = nullptr;
};

// Loads and initialises the library once; from any thread. kUnavailable if it is not installed.
Result<const CurlLibrary*> curl_library();

}  // namespace ikada
