#include "image/registry/blob_check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include <doctest/doctest.h>

#include "image/registry/blob_store.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

// A store in which two repositories have one blob, one of them as a manifest, too.
class TwoRepositories {
 public:
  TwoRepositories() : root_(make_directory()), layout_(*Layout::open(root_)) {
    for (const char* repository : {"a", "b/c"}) adopt(repository);
    const std::string file = write(text_);
    REQUIRE(adopt_manifest(layout_, file, "a", digest_).has_value());
  }
  TwoRepositories(const TwoRepositories&) = delete;
  TwoRepositories& operator=(const TwoRepositories&) = delete;
  ~TwoRepositories() { static_cast<void>(remove_tree(root_).has_value()); }

  // A file that is neither in the store nor in its way.
  std::string write(const std::string& content) {
    std::string path = fmt::format("{}/given{}", root_, ++files_);
    REQUIRE(write_file_atomically(path, content, 0600).has_value());
    return path;
  }

  void adopt(const std::string& repository) {
    REQUIRE(adopt_blob(layout_, write(text_), repository, digest_).has_value());
  }

  void spoil() {
    Result<UniqueFd> file = open_file(layout_.blob(digest_), O_WRONLY);
    REQUIRE(file.has_value());
    REQUIRE(::pwrite(file->get(), "lies", 4, 2) == 4);
  }

  // What its names lead to; "" for one that is not there.
  std::vector<std::string> contents() const {
    std::vector<std::string> all;
    for (const std::string& directory :
         {layout_.blob_links("a"), layout_.manifest_links("a"), layout_.blob_links("b/c")}) {
      all.push_back(read_file(directory + "/" + digest_.text()).value_or(""));
    }
    all.push_back(read_file(layout_.blob(digest_)).value_or(""));
    return all;
  }

  std::vector<std::string> all_of(const std::string& content) const {
    return std::vector<std::string>(4, content);
  }

  const Layout& layout() const { return layout_; }
  const ContentDigest& digest() const { return digest_; }
  const std::string& text() const { return text_; }

 private:
  static std::string make_directory() {
    std::string name = "/tmp/ikada-blobs-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    return name;
  }

  std::string root_;
  Layout layout_;
  int files_ = 0;
  std::string text_ = "what it is";
  ContentDigest digest_ = ContentDigest::of(DigestAlgorithm::kSha256, text_);
};

TEST_CASE("a blob is whole until its bytes are others") {
  TwoRepositories store;
  CHECK(*is_blob_whole(store.layout(), store.digest()));

  store.spoil();

  CHECK(!*is_blob_whole(store.layout(), store.digest()));
  CHECK(store.contents() == store.all_of("whliest is"));
  const ContentDigest other = ContentDigest::of(DigestAlgorithm::kSha256, "other");
  CHECK(is_blob_whole(store.layout(), other).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a blob is replaced in all repositories that have it, and in no other") {
  TwoRepositories store;
  REQUIRE(store.layout().create_repository("d").has_value());
  store.spoil();

  REQUIRE(replace_blob(store.layout(), store.write(store.text()), store.digest()).has_value());

  CHECK(store.contents() == store.all_of(store.text()));
  CHECK(!open_blob(store.layout(), "d", store.digest()).has_value());
  CHECK(list_directory(store.layout().staging())->empty());
}

TEST_CASE("a spoilt blob that is pushed again is whole in all repositories") {
  TwoRepositories store;
  store.spoil();

  store.adopt("b/c");

  CHECK(store.contents() == store.all_of(store.text()));
}

TEST_CASE("a blob that is set aside is in no repository, and can be pushed again") {
  TwoRepositories store;
  store.spoil();

  REQUIRE(set_blob_aside(store.layout(), store.digest()).has_value());

  CHECK(store.contents() == store.all_of(""));
  store.adopt("a");
  CHECK(*is_blob_whole(store.layout(), store.digest()));
}

}  // namespace
}  // namespace ikada::registry
