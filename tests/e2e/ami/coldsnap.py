"""coldsnap's `upload`, by the same calls, where coldsnap is not installed: blocks of 512 KiB, those of zeros left out."""

import argparse
import base64
import hashlib
import os

import boto3

parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["upload"])
for flag in ["--no-progress", "--wait", "--omit-zero-blocks"]:
    parser.add_argument(flag, action="store_true")
parser.add_argument("--description")
parser.add_argument("file")
args = parser.parse_args()

size = 512 * 1024
ebs = boto3.client("ebs", region_name=os.environ["AWS_REGION"])
gib = -(-os.path.getsize(args.file) // 2**30)
snapshot = ebs.start_snapshot(VolumeSize=gib, Description=args.description)["SnapshotId"]
count = 0
with open(args.file, "rb") as disk:
    for index, block in enumerate(iter(lambda: disk.read(size), b"")):
        block = block.ljust(size, b"\0")
        if any(block):
            digest = base64.b64encode(hashlib.sha256(block).digest()).decode()
            ebs.put_snapshot_block(
                SnapshotId=snapshot, BlockIndex=index, BlockData=block, DataLength=size,
                Checksum=digest, ChecksumAlgorithm="SHA256",
            )
            count += 1
            if os.environ.get("KILL_UPLOAD"):
                os.kill(os.getpid(), 9)
ebs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=count)
print(snapshot)
