"""The words of the pages, Japanese first."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from chouseiapo.sandbox.times import TOKYO

LANGUAGES = ("ja", "en")
WORDS = {
    "sandbox": ("模擬サービス", "simulation"),
    "what": (
        "Google・Microsoft・Zoom・メールの代わりです。"
        "製品が書き込んだものがそのまま見え、実際にはどこにも届きません。",
        "In place of Google, Microsoft, Zoom and a mail server: what the product writes shows up here, "
        "and nothing leaves this machine.",
    ),
    "overview": ("模擬カレンダー", "Simulated services"),
    "calendars": ("カレンダー", "Calendars"),
    "google": ("Google カレンダー", "Google Calendar"),
    "microsoft": ("Outlook", "Outlook"),
    "zoom": ("Zoom", "Zoom"),
    "product": ("調整アポを開く", "Open chouseiapo"),
    "clock": ("デモの時計", "The demo's clock"),
    "morning": ("次の朝7時にする", "Skip to the next 7:00 a.m."),
    "previous": ("前の週", "Previous week"),
    "next": ("次の週", "Next week"),
    "this_week": ("今週", "This week"),
    "weeks": ("週を選ぶ", "Choose a week"),
    "all_day": ("終日", "All day"),
    "meeting_room": ("会議室", "Room"),
    "zone": ("時刻は Asia/Tokyo", "Times in Asia/Tokyo"),
    "held": ("仮予定", "Hold"),
    "fixed": ("確定予定", "Confirmed"),
    "busy": ("ほかの予定", "Other"),
    "maybe": ("ほかの予定（仮）", "Other, tentative"),
    "none": ("予定なし", "Nothing"),
    "meetings": ("Zoom ミーティング", "Zoom meetings"),
    "no_meetings": (
        "まだありません。お客様が日時を確定すると、ここに現れます。",
        "None yet. One appears when a guest confirms a time.",
    ),
    "host": ("主催者", "Host"),
    "meeting_id": ("ミーティング ID", "Meeting ID"),
    "passcode": ("パスコード", "Passcode"),
    "join": ("参加する", "Join"),
    "inbox": ("受信箱", "Inbox"),
    "all_mails": ("すべてのメール", "All mails"),
    "no_mails": (
        "まだ1通もありません。日程調整を送ると、ここに届きます。",
        "None yet. Send a proposal and it arrives here.",
    ),
    "to": ("宛先", "To"),
    "from": ("差出人", "From"),
    "received": ("受信", "Received"),
    "no_subject": ("（件名なし）", "(no subject)"),
    "invitation": ("招待つき", "with invitation"),
    "html": ("HTML", "HTML"),
    "text": ("テキスト", "Text"),
    "ics": (".ics", ".ics"),
    "raw": ("原文", "Raw"),
    "views": ("表示の切り替え", "Views"),
    "part_missing": ("このメールにこの部分はありません。", "This mail has no such part."),
    "live_on": ("5秒ごとに更新", "Refresh every 5 s"),
    "live_off": ("自動更新を止める", "Stop refreshing"),
    "status": ("状態", "State"),
    "visibility": ("公開設定", "Visibility"),
    "tag": ("目印", "Tag"),
    "note": ("説明", "Description"),
    "as_held": ("カレンダーが持っている形", "As the calendar holds it"),
    "room": ("Web会議室（模擬）", "Meeting room (simulated)"),
    "room_text": (
        "ここは模擬の Zoom です。本物なら、いま入室するところです。",
        "This is a simulated Zoom. With the real one, you would be entering now.",
    ),
    "wrong_passcode": ("パスコードが違います。", "The passcode is wrong."),
    "as_host": ("ホストとして開始", "Start as host"),
    "as_registrant": ("登録者:", "Registered as:"),
    "in_waiting_room": (
        "待機室で、ホストの許可を待つことになります。",
        "You would wait in the waiting room for the host to let you in.",
    ),
    "register_first": (
        "このミーティングには事前登録が必要です。",
        "You have to register for this meeting first.",
    ),
    "start_url_dead": (
        "この開始リンクは使えません。2時間で切れます。",
        "This start link is no good. Each lasts two hours.",
    ),
    "no_room": (
        "このミーティングはありません。取り消されたのかもしれません。",
        "There is no such meeting. It may have been cancelled.",
    ),
    "not_found": ("ここには何もありません。", "There is nothing here."),
    "consent": ("アカウントの選択（模擬）", "Choose an account (simulated)"),
    "consent_text": (
        "調整アポに、次の権限を与えますか。続けるアカウントを選んでください。",
        "Give chouseiapo these permissions? Choose the account to continue as.",
    ),
    "continue_as": ("として続ける", "continue"),
    "deny": ("許可しない", "Deny"),
    "permissions": ("権限", "Permissions"),
    "refuse_some": ("与えない権限は、チェックを外してください。", "Untick what you do not want to give."),
    "go_on": ("調整アポへ戻る", "Back to chouseiapo"),
    "consent_done": ("許可しました。", "Permission given."),
    "no_account": ("使えるアカウントがありません。", "There is no account to use."),
    "zoom_page": ("Zoom（模擬）", "Zoom (simulated)"),
    "zoom_text": (
        "Zoom の画面で本人や管理者がすることを、ここでできます。製品には Webhook で伝わります。",
        "What hosts and administrators do in Zoom itself. The product hears of it by webhooks.",
    ),
    "by_hand": ("Zoom で変更・削除", "Change or delete in Zoom"),
    "topic": ("トピック", "Topic"),
    "start": ("開始（Asia/Tokyo）", "Start (Asia/Tokyo)"),
    "minutes": ("分数", "Minutes"),
    "no_fixed_time": ("時刻を決めない定期", "Recurring, no fixed time"),
    "change": ("変更する", "Change"),
    "delete": ("削除する", "Delete"),
    "save": ("保存する", "Save"),
    "silent": ("Webhook を送らない（届かなかったことにする）", "Lose the webhook"),
    "approval": ("アプリの事前承認", "Approval of the app"),
    "approval_free": ("承認は要りません。", "No approval is needed."),
    "approval_needed": ("管理者の承認が必要です。", "An administrator has to approve the app."),
    "approval_requested": (
        "管理者に承認を依頼しました。承認されてから、もう一度お試しください。",
        "Your administrator has been asked. Try again once the app is approved.",
    ),
    "approval_approved": ("管理者が承認しました。", "The administrator has approved the app."),
    "approve": ("承認する", "Approve"),
    "need_approval": ("承認を必要にする", "Require approval"),
    "free_approval": ("承認を不要にする", "Require none"),
    "users": ("ユーザー", "Users"),
    "licensed": ("ライセンス", "Licensed"),
    "basic": ("ベーシック（無料）", "Basic (free)"),
    "user_inactive": ("停止中", "Inactive"),
    "user_pending": ("招待中", "Pending"),
    "other_account": ("別のアカウント", "Another account"),
    "app_in_use": ("調整アポと連携中", "Linked to chouseiapo"),
    "make_basic": ("ベーシックにする", "Make Basic"),
    "make_licensed": ("ライセンスを与える", "Make Licensed"),
    "remove_app": ("アプリを削除", "Remove the app"),
    "webhooks": ("Webhook", "Webhooks"),
    "webhook_url": ("送り先（このマシンの http のみ）", "Address (http on this machine only)"),
    "webhook_delivery": ("届き方", "Delivery"),
    "delivery_once": ("1回", "Once"),
    "delivery_twice": ("2回", "Twice"),
    "delivery_late": ("遅れて", "Late"),
    "delivery_never": ("届かない", "Never"),
    "late_s": ("遅れ（秒）", "Late by (s)"),
    "delivery_state_waiting": ("送信待ち", "Waiting"),
    "delivery_state_delivered": ("届いた", "Delivered"),
    "delivery_state_dropped": ("あきらめた", "Given up"),
    "delivery_state_lost": ("届かなかったことにした", "Lost"),
    "send_again": ("もう一度送る", "Send again"),
    "no_webhooks": ("まだ1通もありません。", "None yet."),
    "not_approved": ("アプリを承認できません", "You cannot authorize the app"),
    "not_approved_text": (
        "このアプリを使うには、Zoom アカウントの管理者による事前承認が必要です。",
        "An administrator of your Zoom account has to approve this app first.",
    ),
    "request_approval": ("管理者に承認を依頼する", "Request pre-approval"),
    "bad_request": ("この依頼は受け付けられません", "This request can't be taken"),
    "english": ("English", "日本語"),
    "skip": ("本文へ", "Skip to content"),
}
PERMISSIONS = {
    "openid": ("あなたがだれであるかの確認", "Confirm who you are"),
    "email": ("メールアドレスの表示", "See your email address"),
    "profile": ("名前の表示", "See your name"),
    "offline_access": ("許可したアクセスの継続", "Keep the access you give"),
    "userinfo.email": ("メールアドレスの表示", "See your email address"),
    "userinfo.profile": ("名前の表示", "See your name"),
    "calendar.events.owned": (
        "所有しているカレンダーの予定の表示と編集",
        "See and change events on calendars you own",
    ),
    "calendar.events": (
        "利用できるすべてのカレンダーの予定の表示と編集",
        "See and change events on all your calendars",
    ),
    "calendar.events.freebusy": (
        "利用できるカレンダーの空き時間の表示",
        "See when calendars you have access to are free or busy",
    ),
    "calendar.freebusy": ("自分のカレンダーの空き時間の表示", "See when your calendars are free or busy"),
    "calendar.calendarlist.readonly": ("カレンダーの一覧の表示", "See the list of your calendars"),
    "User.Read": ("サインインとプロフィールの読み取り", "Sign you in and read your profile"),
    "Calendars.ReadWrite": ("予定表の読み取りと書き込み", "Read and write your calendars"),
    "Calendars.ReadWrite.Shared": (
        "自分の予定表と共有された予定表の読み取りと書き込み",
        "Read and write your and shared calendars",
    ),
    "meeting:write:meeting": ("ミーティングの作成", "Create meetings"),
    "meeting:update:meeting": ("ミーティングの変更", "Change meetings"),
    "meeting:delete:meeting": ("ミーティングの削除", "Delete meetings"),
    "meeting:read:meeting": ("ミーティングの表示", "See a meeting"),
    "meeting:read:list_meetings": ("ミーティングの一覧の表示", "See the list of your meetings"),
    "meeting:write:registrant": ("参加者の登録", "Register participants"),
    "meeting:read:registrant": ("登録者の表示", "See a registrant"),
    "meeting:read:list_registrants": ("登録者の一覧の表示", "See the list of registrants"),
    "meeting:update:registrant_status": ("登録の承認と取り消し", "Approve and cancel registrations"),
    "meeting:delete:registrant": ("登録の削除", "Delete registrations"),
    "user:read:user": ("あなたの名前とアドレスの表示", "See your name and address"),
    "user:read:settings": ("あなたのミーティング設定の表示", "See your meeting settings"),
}
"""What the scopes mean, by the last part of their names."""

DAYS = {"ja": "月火水木金土日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def word(key: str, language: str) -> str:
    return WORDS[key][LANGUAGES.index(language)]


def permission(scope: str, language: str) -> str:
    """What the scope allows; one that is not known here speaks for itself."""
    meaning = PERMISSIONS.get(scope.rsplit("/", 1)[-1])
    return meaning[LANGUAGES.index(language)] if meaning else ""


def weekday(at: datetime, language: str) -> str:
    return DAYS[language][at.weekday()]


def day(at: datetime, language: str) -> str:
    """11月25日(水)"""
    if language == "ja":
        return f"{at.month}月{at.day}日({weekday(at, language)})"
    return f"{weekday(at, language)} {at.day} {MONTHS[at.month - 1]}"


def span(start: datetime, end: datetime, language: str, zone: ZoneInfo = TOKYO) -> str:
    """11月25日(水) 10:00〜11:00; the second day is named only when it is another."""
    start, end = start.astimezone(zone), end.astimezone(zone)
    dash = "〜" if language == "ja" else "–"
    if start.date() == end.date():
        return f"{day(start, language)} {start:%H:%M}{dash}{end:%H:%M}"
    return f"{day(start, language)} {start:%H:%M}{dash}{day(end, language)} {end:%H:%M}"


def moment(at: datetime, language: str, zone: ZoneInfo = TOKYO) -> str:
    at = at.astimezone(zone)
    return f"{day(at, language)} {at:%H:%M}"


def moved(to: datetime, reminders: int, language: str) -> str:
    """What became of pressing the button for the next morning."""
    if language == "ja":
        return f"{moment(to, language)} に進めました。送ったリマインド: {reminders}通"
    return f"Moved to {moment(to, language)}. Reminders sent: {reminders}"
