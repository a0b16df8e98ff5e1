// The manifest lists of this host.
//
//   ROOT/manifests/HEX.json   one list each; HEX is the SHA-256 of its canonical name. Replaced
//                             whole, under a lock on the directory.
//
// They keep no image: a list whose images were removed here can be pushed only if the registry has
// them.
#pragma once

#include <functional>
#include <string>

#include "image/manifest_list.h"
#include "runtime/base/result.h"

namespace ikada {

class ManifestLists {
 public:
  // `root` is the store's.
  explicit ManifestLists(const std::string& root) : directory_(root + "/manifests") {}

  // kNotFound in docker's words.
  Result<ManifestList> load(const Reference& name) const;

  // kConflict if there is one of that name already.
  Result<void> add(const ManifestList& list) const;

  // Changes a list: `change` may fail, and then nothing is changed.
  Result<void> change(const Reference& name,
                      const std::function<Result<void>(ManifestList& list)>& change) const;

  Result<void> remove(const Reference& name) const;

 private:
  std::string path_of(const std::string& name) const;
  Result<void> save(const ManifestList& list) const;

  std::string directory_;
};

}  // namespace ikada
