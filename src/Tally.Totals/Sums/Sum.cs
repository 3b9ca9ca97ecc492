using System.Runtime.InteropServices;

namespace Tally.Totals.Sums;

/// <summary>What Totals needs of a <c>SumComputed</c> beside its position.</summary>
/// <param name="Value">The result.</param>
/// <param name="ShardTotal">The sum of the shard's results up to and including this one.</param>
/// <param name="CommittedAtUnixMicros">When the Calculator sent the commit; 0 when it doesn't say.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Sum(Amount Value, Amount ShardTotal, long CommittedAtUnixMicros);
