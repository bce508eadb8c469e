"""plinth virtq: virtio devices and their queues, as Plinth and as the guest has
them. virtio 1.2 sec. 2.1, 2.7."""

from . import Refused, model, ring, target, where
from .base import Command, vm_names
from .bits import flags

STATUS = {0: "ACKNOWLEDGE", 1: "DRIVER", 3: "FEATURES_OK", 2: "DRIVER_OK",
          6: "NEEDS_RESET", 7: "FAILED"}  # fmt: skip
FEATURES = {28: "INDIRECT_DESC", 29: "EVENT_IDX", 32: "VERSION_1"}
DEVICES = {0: "empty", 1: "net", 2: "block", 3: "console", 4: "entropy", 5: "balloon"}
CHAINS = 16  # shown of those that wait
INTERRUPT_STATUS = 0x60


class Virtq(Command):
    """The virtio devices of a VM and their queues: set-up, indices, chains in flight.

    VM is 0 unless named; SLOT shows one device alone. Waiting chains are those that
    the driver has made available and the device has not taken; chains in flight
    those that it has taken and not returned."""

    NAME = "virtq"
    USAGE = "[VM] [SLOT]"
    MOST = 2

    def run(self, *words):
        vms = model.Hypervisor().vms
        names = [vm.name for vm in vms]
        vm, slot = vms[0], None
        if len(words) == 2:
            vm, slot = vms[where.pick_vm(words[0], names)], words[1]
        elif words and words[0] in names:
            vm = vms[names.index(words[0])]
        elif words:
            slot = words[0]
        count = int(vm.value["nr_slots"])
        if slot is not None:
            slot = where.number(slot, "slot")
            if not 0 <= slot < count:
                raise Refused(f"VM {vm.name} has no slot {slot}: it has {count}")
        rows = model.array_at("struct vm_slot", int(vm.value["slots"]), count)
        shown = 0
        for i, (_, row) in enumerate(rows):
            transport = model.value_at("struct virtio_mmio", int(row["transport"]))
            if slot in (None, i) and (slot == i or int(transport["cfg"]["ops"])):
                shown += 1
                yield from self.device(vm, i, row, transport)
        if not shown:
            yield f"VM {vm.index} \"{vm.name}\": {count} virtio slots, all empty"

    def device(self, vm, index, row, transport):
        cfg, kind = transport["cfg"], 0
        if int(cfg["ops"]):
            ops = model.value_at("struct virtio_dev_ops", int(cfg["ops"]))
            kind = int(ops["device_id"])
        status = int(transport["status"])
        pending = target.read(int(cfg["regs"]) + INTERRUPT_STATUS, 4)
        yield (
            f"slot {index}: {DEVICES.get(kind, f'device {kind}')} "
            f"{target.read_string(int(cfg['name']))}".rstrip()
            + f", INTID {int(row['intid'])}, status "
            + (" ".join(flags(status, STATUS)) or "reset")
            + f", interrupt status {int.from_bytes(pending, 'little'):#x}"
        )
        accepted = int(transport["driver_features"])
        yield f"  features {accepted:#x} of {int(transport['features']):#x}: " + (
            " ".join(flags(accepted, FEATURES)) or "none of the transport's"
        )
        count = int(cfg["nr_queues"])
        rows = model.array_at("struct virtq", int(cfg["queues"]), count) if count else []
        for i, (_, queue) in enumerate(rows):
            yield from self.queue(vm, i, queue)

    def queue(self, vm, index, queue):
        if not queue["ready"]:
            yield f"  queue {index}: not ready, at most {int(queue['max'])} entries"
            return
        num = int(queue["num"])
        areas = [int(queue[name]["at"]["v"]) for name in ("desc", "avail", "used")]
        yield (
            f"  queue {index}: {num} entries (at most {int(queue['max'])}), "
            "desc {:#x} avail {:#x} used {:#x}".format(*areas)
        )
        rings = ring.Ring(
            num,
            vm.read(areas[0], 16 * num),
            vm.read(areas[1], 4 + 2 * num),
            vm.read(areas[2], 4 + 8 * num),
        )
        taken, returned = int(queue["avail_next"]), int(queue["used_idx"])
        flying = rings.heads(returned, taken)
        waiting = rings.heads(taken, rings.avail_idx())
        yield (
            f"    driver: avail.idx {rings.avail_idx()}; device: taken {taken}, "
            f"returned {returned}; in the ring used.idx {rings.used_idx()}"
        )
        yield from self.chains(vm, rings, "in flight", flying)
        yield from self.chains(vm, rings, "waiting", waiting)

    def chains(self, vm, rings, what, heads):
        if heads is None:
            yield f"    {what}: the indices are further apart than the queue is long"
            return
        yield f"    {what}: {len(heads)}"
        for head in heads[:CHAINS]:
            found, why = rings.chain(head, vm.read)
            yield f"      head {head}" + (f": {why}" if why else "")
            for desc in found:
                yield f"        {desc.text()}"
        if len(heads) > CHAINS:
            yield f"      and {len(heads) - CHAINS} more"

    def choices(self, before):
        return [] if before else vm_names()
