using System.Runtime.InteropServices;

namespace Tally.Totals.Serving;

/// <summary>A position to wait for. Reached when both its epoch and its sequence are.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct HeldPosition(int Shard, long Epoch, long Sequence);
