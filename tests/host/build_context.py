"""Build contexts for tests: files by name, and `ikada build` on them."""

import json
import os


class BuildContext:
    """context.write("src/a.c", "…"); context.build(dockerfile_text) → the image's id."""

    def __init__(self, ikada, directory, base):
        self.ikada = ikada
        self.directory = directory
        self.base = base
        directory.mkdir(parents=True, exist_ok=True)

    def write(self, name, text, mode=0o644):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.chmod(path, mode)
        return path

    def run(self, dockerfile, *options, check=True, **more):
        """`ikada build` itself; BASE in the Dockerfile is the name of the busybox image."""
        self.write("Dockerfile", dockerfile.replace("BASE", self.base))
        return self.ikada("build", *options, self.directory, check=check, **more)

    def build(self, dockerfile, *options, **more):
        return self.run(dockerfile, "-q", *options, **more).stdout.strip()

    def config(self, image):
        return json.loads(self.ikada("inspect", "--type", "image", image).stdout)[0]

    def sh(self, image, command, *options):
        """What a command prints in a container of the image."""
        return self.ikada("run", "--rm", "--network", "none", *options, image,
                          "/bin/sh", "-c", command).stdout

    def leftovers(self):
        """What a build may not leave behind."""
        root = self.ikada.root
        return (sorted(os.listdir(root / "layers" / "staging")) + self.ikada.containers()
                + sorted(os.listdir(root / "active")
                         if (root / "active").exists() else []))
