using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands.Chaos;

/// <summary>
/// What is done to whom, in which order: from the seed and the targets alone. Faults are dealt like cards: each once in random order, then all of
/// them anew, so that a run of some length leaves none out.
/// </summary>
internal static class ChaosPlan
{
    /// <summary>How many Calculators and how many Totals there are.</summary>
    public const int Instances = 2;

    private const int LongestPauseMilliseconds = 1_500;
    private const int OneOfSoManyOverlaps = 3;

    /// <summary>What can be a target.</summary>
    public static IReadOnlyList<string> Targets { get; } = [ServiceNames.Calculator, ServiceNames.Totals, "postgres", "kafka"];

    private static readonly Card[] Cards =
    [
        new(ServiceNames.Calculator, ChaosKind.Kill),
        new(ServiceNames.Calculator, ChaosKind.Kill),
        new(ServiceNames.Calculator, ChaosKind.Freeze, LongestFreeze: 8),
        new(ServiceNames.Calculator, "append.before-send", 50),
        new(ServiceNames.Calculator, "append.after-send", 50),
        new(ServiceNames.Calculator, "append.after-commit", 50),
        new(ServiceNames.Calculator, "handoff.after", 50),
        new(ServiceNames.Calculator, "relay.after-produce", 100),
        new(ServiceNames.Calculator, "relay.after-ack", 100),
        new(ServiceNames.Calculator, "claim", 2),
        new(ServiceNames.Calculator, "rewind", 2),
        new(ServiceNames.Calculator, "segment.drop", 3),
        new(ServiceNames.Totals, ChaosKind.Kill),
        new(ServiceNames.Totals, ChaosKind.Kill),
        new(ServiceNames.Totals, ChaosKind.Freeze, LongestFreeze: 9),
        new(ServiceNames.Totals, "fold.after-poll", 200),
        new(ServiceNames.Totals, "fold.before-commit", 20),
        new(ServiceNames.Totals, "fold.after-commit", 20),
        new("postgres", ChaosKind.Kill),
        new("postgres", ChaosKind.Freeze, LongestFreeze: 3),
        new("kafka", ChaosKind.Kill),
        new("kafka", ChaosKind.Freeze, LongestFreeze: 8),
    ];

    /// <summary>The labelled steps that plans name.</summary>
    public static IEnumerable<string> FaultPoints => Cards.Select(card => card.FaultPoint).OfType<string>();

    /// <summary>A plan.</summary>
    /// <param name="seed">The same seed gives the same plan, and a longer one begins with the shorter one.</param>
    /// <param name="kills">How many steps.</param>
    /// <param name="targets">Whom they may befall.</param>
    public static IEnumerable<ChaosStep> Make(long seed, int kills, IReadOnlyCollection<string> targets)
    {
        var cards = Cards.Where(card => targets.Contains(card.Target)).ToArray();
        for (var number = 1; number <= kills; number++)
        {
            var (deal, at) = Math.DivRem(number - 1, cards.Length);
            yield return StepOf(number, Shuffle(cards, new SplitMix((ulong)seed, (ulong)deal * 2))[at], new SplitMix((ulong)seed, ((ulong)number * 2) + 1));
        }
    }

    private static ChaosStep StepOf(int number, Card card, SplitMix random)
    {
        var instance = random.Below(Instances) + 1;
        var step = new ChaosStep(
            number,
            TimeSpan.FromMilliseconds(random.Below(LongestPauseMilliseconds)),
            ServiceNames.Calculator == card.Target || ServiceNames.Totals == card.Target ? ServiceNames.Of(card.Target, instance) : card.Target,
            card.Kind)
        {
            Overlaps = number > 1 && random.Below(OneOfSoManyOverlaps) == 0,
        };
        return card.Kind switch
        {
            ChaosKind.Freeze => step with { Frozen = TimeSpan.FromMilliseconds(500 + random.Below((card.LongestFreeze * 1_000) - 500)) },
            ChaosKind.FaultPoint => step with { FaultPoint = card.FaultPoint, Times = random.Below(card.MostTimes) + 1 },
            _ => step,
        };
    }

    private static Card[] Shuffle(Card[] cards, SplitMix random)
    {
        Card[] shuffled = [.. cards];
        for (var at = shuffled.Length - 1; at > 0; at--)
        {
            var other = random.Below(at + 1);
            (shuffled[at], shuffled[other]) = (shuffled[other], shuffled[at]);
        }

        return shuffled;
    }

    private sealed record Card(string Target, ChaosKind Kind, string? FaultPoint = null, int MostTimes = 1, int LongestFreeze = 0)
    {
        public Card(string target, string faultPoint, int mostTimes)
            : this(target, ChaosKind.FaultPoint, faultPoint, mostTimes)
        {
        }
    }
}
