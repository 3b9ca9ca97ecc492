namespace Tally.AppHost.Commands.Load;

/// <summary>What a load test is to do.</summary>
/// <param name="Scenario">The shape of the load.</param>
/// <param name="Rate">Its rate, in calls a second.</param>
/// <param name="Length">How long it lasts; a step where it has steps.</param>
/// <param name="Users">How many calls are under way at most.</param>
/// <param name="Patience">How long to wait for the total once all calls have ended.</param>
/// <param name="Folder">Where its summary goes.</param>
internal sealed record LoadPlan(LoadScenario Scenario, int Rate, TimeSpan Length, int Users, TimeSpan Patience, string Folder);
