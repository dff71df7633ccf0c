package conformance;

/** What clients before 4.0 can do by other means only. */
@Area("groups")
final class Before4 {
    private Before4() {}

    @Waits
    static void a_dead_member_is_replaced_after_its_session(Scope scope) throws Exception {
        GroupMembers.replaceTheDead(
                scope, member -> member.consumer.close(), "internal.leave.group.on.close", "false");
    }
}
