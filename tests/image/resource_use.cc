#include "tests/image/resource_use.h"

#include <sys/resource.h>
#include <time.h>

#include <fstream>
#include <malloc.h>
#include <string>

namespace ikada {
namespace {

std::int64_t cpu_now_ns() {
  constexpr std::int64_t kSecond = 1'000'000'000;
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  std::int64_t total_ns = now.tv_sec * kSecond + now.tv_nsec;
  rusage children{};
  ::getrusage(RUSAGE_CHILDREN, &children);
  for (const timeval& spent : {children.ru_utime, children.ru_stime}) {
    total_ns += spent.tv_sec * kSecond + spent.tv_usec * 1000;
  }
  return total_ns;
}

std::uint64_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != key) continue;
    std::uint64_t kib = 0;
    status >> kib;
    return kib << 10;
  }
  return 0;
}

}  // namespace

ResourceUse::ResourceUse() : cpu_start_ns_(cpu_now_ns()) {
  ::malloc_trim(0);
  // Source: proc(5): the peak starts anew at what is resident now.
  std::ofstream("/proc/self/clear_refs") << "5";
  resident_start_bytes_ = status_bytes("VmRSS:");
}

std::int64_t ResourceUse::cpu_ms() const { return (cpu_now_ns() - cpu_start_ns_) / 1'000'000; }

std::uint64_t ResourceUse::peak_growth_bytes() const {
  const std::uint64_t peak = status_bytes("VmHWM:");
  return peak > resident_start_bytes_ ? peak - resident_start_bytes_ : 0;
}

}  // namespace ikada
