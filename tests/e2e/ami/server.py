"""moto's server for EC2 and EBS, with what it leaves out and a release needs: a snapshot is pending until its upload is
completed, an image remembers how it was registered, copies have their token, and images can be deprecated.

    server.py PORT
"""

import sys

from moto.core.responses import ActionResult
from moto.ebs.models import EBSBackend
from moto.ec2.models.amis import Ami
from moto.ec2.responses.amis import AmisResponse
from moto.server import main

start, complete = EBSBackend.start_snapshot, EBSBackend.complete_snapshot


def start_snapshot(self, *args, **kwargs):
    made = start(self, *args, **kwargs)
    self.ec2_backend.snapshots[made.snapshot_id].status = "pending"
    return made


def complete_snapshot(self, snapshot_id):
    self.ec2_backend.snapshots[snapshot_id].status = "completed"
    return complete(self, snapshot_id)


EBSBackend.start_snapshot, EBSBackend.complete_snapshot = start_snapshot, complete_snapshot

# Flag of the request, and where an image shows it.
FLAGS = {
    "Architecture": "architecture",
    "BootMode": "boot_mode",
    "EnaSupport": "ena_support",
    "ImdsSupport": "imds_support",
    "SriovNetSupport": "sriov_net_support",
    "VirtualizationType": "virtualization_type",
    "RootDeviceName": "root_device_name",
}
tokens = {}


def register_image(self):
    name = self._get_param("Name")
    if any(image.name == name for image in self.ec2_backend.amis.values()):
        raise ValueError(f"InvalidAMIName.Duplicate: {name}")
    image = self.ec2_backend.register_image(name, self._get_param("Description", ""))
    for flag, place in FLAGS.items():
        value = self._get_param(flag)
        assert value is not None, f"{flag} is not said"
        setattr(image, place, value)
    image.owner_id = self.ec2_backend.account_id
    disk = self._get_param("BlockDeviceMappings")[0]
    assert self.ec2_backend.snapshots[disk["Ebs"]["SnapshotId"]].status == "completed", "not a whole snapshot"
    image.snapshot_of = disk["Ebs"]["SnapshotId"]
    return ActionResult({"ImageId": image.id})


def copy_image(self):
    token, name = self._get_param("ClientToken"), self._get_param("Name")
    key = (self.ec2_backend.region_name, token)
    if tokens.get(key) not in self.ec2_backend.amis:
        image = self.ec2_backend.copy_image(
            self._get_param("SourceImageId"), self._get_param("SourceRegion"), name, self._get_param("Description")
        )
        image.owner_id = self.ec2_backend.account_id
        tokens[key] = image.id
    return ActionResult({"ImageId": tokens[key]})


def enable_image_deprecation(self):
    image = self.ec2_backend.amis[self._get_param("ImageId")]
    image.deprecation_time = self._get_param("DeprecateAt")
    return ActionResult({"Return": True})


AmisResponse.register_image = register_image
AmisResponse.copy_image = copy_image
AmisResponse.enable_image_deprecation = enable_image_deprecation
Ami.deprecation_time = None

main(["--host", "127.0.0.1", "--port", sys.argv[1]])
