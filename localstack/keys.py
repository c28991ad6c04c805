"""The development keys of a deployment, and the two ways in which functions get at them."""

import hashlib
import io
import json
import pathlib
import subprocess
import zipfile
from dataclasses import dataclass

import boto3
from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Keys:
    """The keys in a data folder."""

    data: pathlib.Path

    @classmethod
    def made_by(cls, absah: pathlib.Path, data: pathlib.Path) -> "Keys":
        """`absah` makes them at its first use of the folder."""
        subprocess.run([absah, "roots", "--data", data], check=True, stdout=subprocess.DEVNULL)
        return cls(data.resolve())

    def parameters(self) -> dict[str, str]:
        """What the template is told of them, wherever they are."""
        return {
            "TokenPublicKey": (self.data / "keys/token.pub.pem").read_text(),
            "WebhookToken": json.loads((self.data / "secrets.json").read_text())["webhook_token"],
        }

    def as_folder(self) -> dict[str, str]:
        """For functions that see this machine's files."""
        return {
            "OfficialKeysFolder": str(self.data / "keys/officials"),
            "SealKeyFile": str(self.data / "keys/seal.pem"),
            "TokenKeysFolder": str(self.data / "keys/tokens"),
            "FieldKeysFile": str(self.data / "keys/fields.json"),
        }

    def as_layer(self, name: str) -> dict[str, str]:
        """For functions in containers, as in AWS: a layer that puts the keys below /opt/keys. The same keys, the same version."""
        packed = self._packed()
        digest = hashlib.sha256(packed).hexdigest()
        functions = boto3.client("lambda")
        try:
            versions = functions.list_layer_versions(LayerName=name)["LayerVersions"]
        except ClientError:
            versions = []
        there = [version["LayerVersionArn"] for version in versions if version.get("Description") == digest]
        if there:
            return {"KeysLayer": there[0]}
        published = functions.publish_layer_version(LayerName=name, Description=digest, Content={"ZipFile": packed})
        return {"KeysLayer": published["LayerVersionArn"]}

    def _packed(self) -> bytes:
        """What functions sign and encrypt with: not the key of the operator's own tokens, nor the roots'."""
        folder = self.data / "keys"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            folders = [*sorted((folder / "officials").rglob("*.pem")), *sorted((folder / "tokens").glob("*.pem"))]
            for path in [folder / "seal.pem", folder / "fields.json", *folders]:
                entry = zipfile.ZipInfo(f"keys/{path.relative_to(folder)}", (1980, 1, 1, 0, 0, 0))
                # Lambda runs functions as a user of its own.
                entry.external_attr = 0o444 << 16
                archive.writestr(entry, path.read_bytes())
        return packed.getvalue()
